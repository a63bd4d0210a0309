"""What a finding is told apart by."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.core.assets import Confidence
from aiguard_agent.core.finding import Finding, Severity

FINDING = Finding(rule="r", subject="s", title="t", severity=Severity.LOW, confidence=Confidence.LOW)


def test_the_key_is_rule_and_subject_alone() -> None:
    """What drifts (title, severity, evidence) is not in it; rule and subject cannot be shifted into each other."""
    assert FINDING.key == replace(FINDING, title="other", severity=Severity.HIGH).key
    assert FINDING.key != replace(FINDING, rule="rs", subject="").key
    assert len(FINDING.key) == 16


@given(st.text(st.characters(codec=None), max_size=10))
def test_any_text_has_a_key(text: str) -> None:
    """Half characters that a JSON answer may hold are no error."""
    assert replace(FINDING, subject=text).key == replace(FINDING, subject=text).key


def test_severities_are_ordered_words() -> None:
    """Thresholds compare, outputs print words."""
    assert [severity.word for severity in sorted(Severity)] == ["info", "low", "medium", "high", "critical"]
