"""Values to JSON and back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_samples import finding

from aiguard_agent.core.assets import Evidence, ModelFile, Server
from aiguard_agent.core.facts import Listener, Process
from aiguard_agent.core.finding import FindingState, Severity
from aiguard_agent.ledger.documents import (
    NOW,
    body_bytes,
    body_of,
    compact,
    finding_document,
    finding_of,
    model_document,
    restored,
    server_document,
    stored,
    substance,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()))
"""Lone surrogates included."""


@settings(deadline=None)
@given(ANY_TEXT)
def test_any_text_comes_back(text: str) -> None:
    """Whatever a host writes can be stored as UTF-8 and comes back as it was."""
    stored(text).encode()

    assert restored(stored(text)) == text


@settings(deadline=None)
@given(ANY_TEXT, ANY_TEXT)
def test_two_texts_are_never_stored_as_one(one: str, other: str) -> None:
    """No name can be chosen that takes the place of another's, not even the stored form of one."""
    assert (stored(one) == stored(other)) == (one == other)
    assert stored(stored(one)) != stored(other) or stored(one) == other


@settings(deadline=None)
@given(subject=ANY_TEXT, title=ANY_TEXT, where=ANY_TEXT)
def test_a_finding_comes_back_whole(subject: str, title: str, where: str) -> None:
    """A finding read back is equal to the one written, its key included."""
    before = finding(subject, title=title, where=where, state=FindingState.WAIVED)

    after = finding_of(compact(finding_document(before)))

    assert after == before
    assert after.key == before.key


def test_a_new_pid_is_no_news() -> None:
    """Neither evidence nor a pid in the title makes a finding another one."""
    before = finding(title="runs code, and pid 41 holds it", where="/proc/41/exe")
    after = finding(title="runs code, and pid 977 holds it", where="/proc/977/exe")

    assert substance(before) == substance(after)


@pytest.mark.parametrize(
    "after",
    [
        finding(severity=Severity.CRITICAL),
        finding(title="somebody approved it once"),
        finding(title="pidgin 41 holds it"),
        finding(state=FindingState.WAIVED),
    ],
)
def test_news_is_news(after: object) -> None:
    """Severity, words and waiver make a finding another one."""
    assert substance(after) != substance(finding())  # type: ignore[arg-type]  # a Finding


def test_a_restarted_server_has_the_same_document() -> None:
    """Pids and start times stand apart from what makes a server itself."""
    server = Server(
        id="o",
        product="ollama",
        name="Ollama",
        category="llm-server",
        process=Process(pid=1, start_ticks=1, started=1.0),
        listeners=(Listener(family="tcp4", address="127.0.0.1", port=11434),),
    )
    restarted = replace(server, process=replace(server.process, pid=2, started=9.0), children=(3,))
    moved = replace(server, listeners=(Listener(family="tcp4", address="0.0.0.0", port=11434),))
    plain = [
        {key: value for key, value in server_document(one).items() if key != NOW} for one in (server, restarted, moved)
    ]

    assert plain[0] == plain[1]
    assert plain[0] != plain[2]


def test_documents_are_json() -> None:
    """What is stored of an asset is made of JSON values alone."""
    model = ModelFile(id="m", path="/m.gguf", format="gguf", size=1, evidence=(Evidence(what="w", where="p"),))

    assert json.loads(compact(model_document(model)))["path"] == "/m.gguf"


@settings(deadline=None)
@given(ANY_TEXT)
def test_any_body_comes_back(text: str) -> None:
    """An event body comes back as it was, lone surrogates included."""
    assert body_of(body_bytes({"text": text})) == {"text": text}


def test_a_body_is_an_object() -> None:
    """Bytes that are JSON but no object give an empty body, not an error further on."""
    assert body_of(b"[1]") == {}
