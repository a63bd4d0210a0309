"""Real ledgers for the tests of the verbs that read them."""

from __future__ import annotations

from pathlib import Path

from aiguard_agent.core.assets import Confidence, Evidence
from aiguard_agent.core.event import Event, Lane, ulid
from aiguard_agent.core.finding import Finding, FindingState, Severity
from aiguard_agent.ledger.change import AssetSeen, Change
from aiguard_agent.ledger.limits import Limits
from aiguard_agent.ledger.store import Ledger, open_ledger

T0 = 1_700_000_000.0
"""2023-11-14T22:13:20Z."""


def found(
    subject: str,
    severity: Severity = Severity.HIGH,
    *,
    rule: str = "exposed-no-auth",
    state: FindingState = FindingState.OPEN,
) -> Finding:
    return Finding(
        rule=rule,
        subject=subject,
        title=f"{subject} answers everybody",
        severity=severity,
        confidence=Confidence.HIGH,
        evidence=(Evidence(what="GET /api/tags 200", where="/home/alice/secret/run.sh", kind="http"),),
        remedy=("bind it to loopback",),
        state=state,
        waiver="bob until 2999-01-01: lab" if state is FindingState.WAIVED else "",
    )


def ledger_at(directory: Path) -> Ledger:
    """Open a ledger without its thread."""
    limits = Limits(keep_free_bytes=0, keep_free_share=0.0, touch_seconds=0.0)
    return open_ledger(directory, now=T0, limits=limits, timer=False)


def whole(at: float, *findings: Finding, assets: tuple[AssetSeen, ...] = ()) -> Change:
    """Return a whole scan that found these."""
    return Change(at=at, findings=findings, assets=assets, whole=True)


def plain_event(number: int, lane: Lane = Lane.TELEMETRY, **body: object) -> Event:
    return Event(id=ulid(number, number.to_bytes(10)), time_ms=1_700_000_000_000 + number, lane=lane, body=body)
