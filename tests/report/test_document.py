"""A scan as plain data."""

from __future__ import annotations

import json

import pytest
from report_examples import ALL, BUSY, EVIL, NO_AI, OLLAMA, UNLISTED, hostile

from aiguard_agent.core.finding import ApprovalState
from aiguard_agent.report.document import approval_of, document, rfc3339


def test_the_summary_counts_what_is_listed() -> None:
    """Counts agree with the lists, waived findings are not counted as open, blind spots by their number."""
    summary = document(BUSY)["summary"]

    assert summary["findings"] == {"critical": 1, "high": 0, "medium": 7, "low": 0, "info": 0}
    assert (summary["waived"], summary["suppressed"], summary["blind"], summary["gpus"]) == (1, 4, 5, 1)
    assert (summary["servers"], summary["shadow_servers"], summary["drifted_servers"]) == (4, 2, 1)
    assert (summary["models"], summary["shadow_models"], summary["drifted_models"]) == (23, 2, 0)


def test_an_asset_that_was_not_compared_is_not_approved() -> None:
    """With an inventory a missing answer means not in it; without one nothing is called shadow."""
    assert approval_of(BUSY, "never seen").state is ApprovalState.SHADOW
    assert approval_of(UNLISTED, OLLAMA.id).state is ApprovalState.NO_INVENTORY


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.0, "1970-01-01T00:00:00.000Z"), (1_795_000_000.25, "2026-11-18T11:06:40.250Z")],
)
def test_times_are_utc_with_milliseconds(seconds: float, expected: str) -> None:
    """Times are RFC 3339 in UTC."""
    assert rfc3339(seconds) == expected


@pytest.mark.parametrize("name", ALL)
def test_a_document_is_valid_unicode(name: str) -> None:
    """Every text of every document can be encoded, whatever the host sent."""
    json.dumps(document(ALL[name]), ensure_ascii=False).encode("utf-8")


def test_bytes_that_were_no_text_are_shown() -> None:
    """An undecodable byte of a name stays recognisable."""
    whole = document(hostile("name\udcff"))

    assert whole["servers"][0]["name"] == "name\\xff"
    assert whole["summary"]["notes"] == [{"topic": "name\\xff", "text": "name\\xff"}]


def test_no_value_is_lost() -> None:
    """Text of other scripts, quotes and control characters come back exactly from JSON."""
    assert json.loads(json.dumps(document(hostile(EVIL))))["models"][0]["license"] == EVIL.replace("\udcff", "\\xff")


def test_a_host_without_ai_is_a_whole_document() -> None:
    """Nothing found is empty lists, not missing keys."""
    whole = document(NO_AI)

    assert [whole[key] for key in ("servers", "models", "findings", "blind")] == [[], [], [], []]
