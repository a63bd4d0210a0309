"""Events in the ledger's own plain words, for whoever hands in no renderer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from aiguard_agent.core.event import ENTROPY, Event, Lane, ulid
from aiguard_agent.core.finding import Finding, Severity
from aiguard_agent.core.turn import AssetTurn, FindingTurn, ModelTurn, Turns
from aiguard_agent.ledger.documents import finding_document


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Events of one lane that were dropped or refused."""

    lane: Lane
    reason: str
    total: int
    """Since the ledger was made."""
    untold: int
    """Of these nobody was told yet."""
    first: int
    """Number of the first untold one."""
    last: int


TellLoss = Callable[[Loss, float], Event]
"""A loss and the time, to the one event that tells of it."""


def plain_events(turns: Turns) -> Iterator[Event]:
    """Yield one event per turn."""
    for finding in turns.findings:
        yield _event(turns.at, lane_of(finding.finding), _finding(finding))
    for asset in turns.assets:
        yield _event(turns.at, Lane.INVENTORY, _asset(asset))
    for model in turns.models:
        yield _event(turns.at, Lane.FINDING, _model(model))


def plain_loss(loss: Loss, at: float) -> Event:
    """Say which events are missing."""
    body = {
        "kind": "events-dropped",
        "lane": loss.lane.value,
        "reason": loss.reason,
        "count": loss.untold,
        "first": loss.first,
        "last": loss.last,
    }
    return _event(at, Lane.FINDING, body)


def lane_of(finding: Finding) -> Lane:
    """Return the lane of what is told about a finding."""
    if finding.severity is Severity.CRITICAL:
        return Lane.CRITICAL
    return Lane.INFO if finding.severity is Severity.INFO else Lane.FINDING


def _event(at: float, lane: Lane, body: dict[str, Any]) -> Event:
    time_ms = int(at * 1000)
    return Event(id=ulid(time_ms, os.urandom(ENTROPY)), time_ms=time_ms, lane=lane, body=body)


def _finding(turn: FindingTurn) -> dict[str, Any]:
    return {
        "kind": "finding",
        "turn": turn.what.value,
        "key": turn.finding.key,
        "finding": finding_document(turn.finding),
        "opened_at": turn.opened_at,
        "last_seen": turn.last_seen,
        "resolved_at": turn.resolved_at,
        "count": turn.count,
        "flaps": turn.flaps,
    }


def _asset(turn: AssetTurn) -> dict[str, Any]:
    return {
        "kind": turn.kind,
        "turn": turn.what.value,
        "id": turn.id,
        "document": dict(turn.document),
        "first_seen": turn.first_seen,
        "last_seen": turn.last_seen,
    }


def _model(turn: ModelTurn) -> dict[str, Any]:
    return {
        "kind": "model-version",
        "turn": "swapped",
        "place": turn.place,
        "before": turn.before,
        "after": turn.after,
        "before_seen": turn.before_seen,
    }
