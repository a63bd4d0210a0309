"""Findings of two scans."""

from dataclasses import replace

from aiguard_agent.core.assets import Confidence
from aiguard_agent.core.finding import Finding, Severity
from aiguard_agent.policy.diff import diff

A, B, C = (
    Finding(rule="r", subject=subject, title="t", severity=Severity.LOW, confidence=Confidence.LOW) for subject in "abc"
)


def test_findings_are_told_apart_by_their_keys() -> None:
    """What is new, what is still there as it is now, what is gone as it was last."""
    worse = replace(B, severity=Severity.HIGH, title="another")

    change = diff([A, B], [worse, C])

    assert (change.opened, change.still, change.closed) == ((C,), (worse,), (A,))


def test_the_same_scan_changes_nothing() -> None:
    """Nothing opened, nothing closed, in the order given."""
    change = diff([A, B, C], [C, A, B])

    assert (change.opened, change.still, change.closed) == ((), (C, A, B), ())
