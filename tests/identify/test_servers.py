"""Naming the servers of a host."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aiguard_agent.identify.index import Index
from aiguard_agent.identify.servers import identify_servers
from aiguard_agent.identify.view import View
from aiguard_agent.signatures.schema import ServerSignature
from small_hosts import signature, view_of

OLD = signature(
    "probes: [{id: tags, get: /api/tags, match: {status: 200, json: ['models']}}]\nprocess: {exe: [old]}", "old"
)
MIMIC = signature("emulates: [old]\nprobes: [{id: own, get: /own, match: {status: 200, json: ['mimic']}}]", "mimic")
FAMILY = signature(
    "generic: true\nprobes: [{id: m, get: /v1/models, rank: shared, match: {status: 200, json: ['data']}}]", "family"
)


def servers(processes: list[dict[str, Any]], answers: list[dict[str, Any]] | None, *signatures: ServerSignature) -> Any:
    return identify_servers(view_of(processes, answers, *signatures), Index(signatures))


def test_the_emulator_outranks_the_emulated() -> None:
    """A server that answers as itself and as another is itself, and says whom it emulates."""
    answers = [{"get": "/api/tags", "json": {"models": []}}, {"get": "/own", "json": {"mimic": 1}}]

    (server,) = servers([{"argv": ["python", "k.py"], "listen": ["127.0.0.1:5001"]}], answers, OLD, MIMIC)

    assert (server.product, server.emulates, server.conflicts) == ("mimic", ("old",), ())


def test_a_family_names_only_what_nothing_else_names() -> None:
    """The generic name gives way to any product, and serves where there is none."""
    process = {"argv": ["python", "k.py"], "listen": ["127.0.0.1:5001"]}
    both = [{"get": "/v1/models", "json": {"data": []}}, {"get": "/own", "json": {"mimic": 1}}]

    assert [s.product for s in servers([process], both, FAMILY, MIMIC)] == ["mimic"]
    assert [s.product for s in servers([process], both[:1], FAMILY, MIMIC)] == ["family"]


STRANGER = signature("process: {exe: [odd]}\nprobes: [{id: o, get: /odd, match: {json: ['odd']}}]", "stranger")


@pytest.mark.parametrize(
    ("argv", "answers", "product", "words"),
    [
        (["old"], [{"get": "/odd", "json": {"odd": 1}}], "stranger", "it answers as stranger, but program is old"),
        (
            ["odd"],
            [{"get": "/odd", "json": {"odd": 1}}, {"get": "/api/tags", "json": {"models": 1}}],
            "stranger",
            "the process is stranger, but GET /api/tags 200 is an answer of old",
        ),
        (["odd"], [{"get": "/odd", "json": {"odd": 1}}], "stranger", ""),
    ],
)
def test_process_and_answer_disagree(argv: list[str], answers: list[dict[str, Any]], product: str, words: str) -> None:
    """A program that is one thing and answers as another is said to be so; one that agrees is not."""
    (server,) = servers([{"argv": argv, "listen": ["127.0.0.1:80"]}], answers, OLD, STRANGER)

    assert server.product == product
    assert words == (server.conflicts[0].what[: len(words)] if server.conflicts else "")


def test_ids_are_words_and_distinct() -> None:
    """Ids carry product, host and port; a second one of the same words is numbered."""
    found = servers(
        [{"argv": ["old"], "listen": ["127.0.0.1:80"]}, {"argv": ["old"], "listen": ["127.0.0.2:80"]}], None, OLD
    )

    assert [server.id for server in found] == ["old@host:80", "old@host:80~2"]


def test_a_gateway_is_linked_to_the_engine_it_started() -> None:
    """Front and back are two rows with a link."""
    front = signature("process: {exe: [front]}", "front")

    found = servers([{"argv": ["front"], "listen": ["127.0.0.1:80"]}, {"argv": ["old"], "parent": 0}], None, OLD, front)

    assert {server.product: server.front_of for server in found} == {"front": ("old@host/alice",), "old": ()}


def test_zombies_are_nobody() -> None:
    """A dead process is not a server, whatever its name was."""
    view = view_of([{"argv": ["old"]}])
    dead = replace(view.facts, processes=tuple(replace(p, state="Z") for p in view.facts.processes))

    assert identify_servers(View(dead), Index((OLD,))) == ()
