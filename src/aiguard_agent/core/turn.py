"""What became of findings, assets and models since they were last recorded: what events are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aiguard_agent.core.finding import Finding


class Turned(StrEnum):
    """What became of a finding."""

    OPENED = "opened"
    CHANGED = "changed"
    """Severity, confidence, title or waiver are others; evidence alone does not count, pids stand in it."""
    WAIVED = "waived"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    FLAPPING = "flapping"
    """It comes and goes; nothing more is told until it has settled."""


class AssetTurned(StrEnum):
    """What became of an asset."""

    APPEARED = "appeared"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingTurn:
    """One step in the life of a finding that somebody should be told."""

    what: Turned
    finding: Finding
    """As it is now; as it was last, when it is resolved."""
    opened_at: float
    last_seen: float
    resolved_at: float | None = None
    count: int = 1
    """Scans that saw it since it opened."""
    flaps: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetTurn:
    """One step in the life of a server or model."""

    what: AssetTurned
    id: str
    kind: str
    document: Mapping[str, Any]
    first_seen: float
    last_seen: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTurn:
    """The bytes at one place are no longer the bytes that were there."""

    place: str
    before: str
    """Identity of the version that was there: digest, else structural fingerprint."""
    after: str
    before_seen: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """All that one record turned."""

    at: float
    """Seconds since the epoch."""
    findings: tuple[FindingTurn, ...] = ()
    assets: tuple[AssetTurn, ...] = ()
    models: tuple[ModelTurn, ...] = ()
