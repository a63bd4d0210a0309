"""Small values for the tests of the ledger."""

from __future__ import annotations

from pathlib import Path

from aiguard_agent.core.assets import Confidence, Evidence
from aiguard_agent.core.event import Event, Lane, ulid
from aiguard_agent.core.finding import Finding, FindingState, Severity
from aiguard_agent.ledger.change import Change
from aiguard_agent.ledger.limits import Limits
from aiguard_agent.ledger.store import Ledger, open_ledger

LIMITS = Limits(keep_free_bytes=0, keep_free_share=0.0, touch_seconds=0.0)
"""For tests: the filesystem is as full as it is, and everything is written down."""


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def finding(
    subject: str = "ollama@gpu-07:11434",
    severity: Severity = Severity.HIGH,
    *,
    title: str = "nobody approved it",
    where: str = "/proc/4121/exe",
    state: FindingState = FindingState.OPEN,
) -> Finding:
    return Finding(
        rule="shadow-server",
        subject=subject,
        title=title,
        severity=severity,
        confidence=Confidence.HIGH,
        evidence=(Evidence(what="exe is /usr/bin/ollama", where=where, kind="exe", weight=3),),
        remedy=("stop it", "approve it"),
        atlas=("AML.T0010",),
        owasp=("LLM03:2025",),
        state=state,
        waiver="bob, until 2030-01-01: known" if state is FindingState.WAIVED else "",
    )


def event(number: int, lane: Lane = Lane.TELEMETRY, size: int = 0) -> Event:
    body = {"n": number, "fill": "x" * size}
    return Event(id=ulid(number, number.to_bytes(10)), time_ms=number, lane=lane, body=body)


def scan(at: float, *findings: Finding) -> Change:
    """Return a whole scan that found these."""
    return Change(at=at, findings=findings, whole=True)


def events(at: float, *given: Event) -> Change:
    return Change(at=at, events=given)


def ledger_in(directory: Path, limits: Limits = LIMITS, clock: Clock | None = None) -> Ledger:
    """Open a ledger without its thread."""
    return open_ledger(directory, now=1_700_000_000.0, limits=limits, clock=clock or Clock(), timer=False)


def told(recorded: object) -> list[str]:
    """Return what was told of findings, in words."""
    return [turn.what.value for turn in recorded.turns.findings]  # type: ignore[attr-defined]  # a Recorded
