"""Explaining one thing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_examples import BUSY, EVIL, hostile

from aiguard_agent.report.explain import explain, subjects
from aiguard_agent.report.renderer import Style


@pytest.mark.parametrize("wanted", ["4121", "4180", "ollama@gpu-07:11434", "ollama"])
def test_a_server_by_pid_child_id_and_product(wanted: str) -> None:
    """Each way of naming a server leads to it and to its findings."""
    servers, _models, findings = subjects(BUSY, wanted)

    assert [server.id for server in servers] == ["ollama@gpu-07:11434"]
    assert {finding.subject for finding in findings} == {"ollama@gpu-07:11434"}


def test_a_finding_leads_to_its_asset() -> None:
    """A finding's key shows the finding and what it is about."""
    finding = next(f for f in BUSY.findings if f.subject == "ollama@gpu-07:11434")

    servers, _models, findings = subjects(BUSY, finding.key)

    assert [server.id for server in servers] == [finding.subject]
    assert finding in findings


@pytest.mark.parametrize("wanted", [":11434", "[::]:11434", "127.0.0.1:39211"])
def test_a_server_by_its_socket(wanted: str) -> None:
    """Who asks what listens there gets the server."""
    servers, _models, _findings = subjects(BUSY, wanted)

    assert [server.id for server in servers] == ["ollama@gpu-07:11434"]


def test_a_finding_by_the_digits_that_the_page_shows() -> None:
    """Eight digits of a key are enough, three are not, and a pid is never taken for a key."""
    finding = BUSY.findings[0]

    assert subjects(BUSY, finding.key[:8])[2] != ()
    assert subjects(BUSY, finding.key[:3])[2] == ()
    assert subjects(BUSY, "15")[2] == ()


def test_a_model_by_its_name() -> None:
    """The name in the table leads to the model."""
    assert [model.id for model in subjects(BUSY, "mistral-7b")[1]] == ["hf:mistral"]


def test_the_chain_is_whole() -> None:
    """All evidence, claims and the approval stand in the text."""
    server = next(s for s in BUSY.estate.servers if s.product == "ollama")

    text = explain(BUSY, server.id, Style(width=4000))

    for evidence in (*server.evidence, *server.auth.evidence):
        assert evidence.what in text
    for claim in server.versions:
        assert claim.value in text
    assert "approval" in text


def test_models_by_path_and_id() -> None:
    """A model is found by its path and by its id, and shows what is known of it."""
    model = BUSY.estate.models[0]

    assert explain(BUSY, model.path, Style()) == explain(BUSY, model.id, Style()) != ""
    assert model.path in explain(BUSY, model.id, Style(width=4000))


def test_a_claimed_digest_is_not_shown_as_a_computed_one() -> None:
    """The name that a store keeps a file under is said to be that."""
    claimed = replace(BUSY.estate.models[0], digest_claimed=True)
    report = replace(BUSY, estate=replace(BUSY.estate, models=(claimed,)))

    assert "not computed" in explain(report, claimed.id, Style(width=4000))
    assert "not computed" not in explain(BUSY, claimed.id, Style(width=4000))


def test_nothing_is_empty() -> None:
    """A word that means nothing gives no text, so that the caller can say so."""
    assert explain(BUSY, "gremlin", Style()) == ""


def test_foreign_text_is_escaped() -> None:
    """No control character of a stranger reaches the terminal."""
    text = explain(hostile(EVIL), "1", Style(width=100))

    assert text
    assert not {c for c in text if c != "\n" and (ord(c) < 32 or c in "\x7f\x9b\u202e\u2066")}
