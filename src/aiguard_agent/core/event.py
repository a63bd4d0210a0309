"""What leaves the host: one event, ready to be stored and sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LATEST_MS = (1 << 48) - 1
ENTROPY = 10
"""Bytes of randomness in an event id."""


class Lane(StrEnum):
    """What an event is worth when there is no room for all of them; the first is never dropped, the last goes first."""

    CRITICAL = "critical"
    """Critical findings and what the agent did about them."""
    FINDING = "finding"
    INFO = "info"
    """Findings of severity info."""
    INVENTORY = "inventory"
    TELEMETRY = "telemetry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event. Exporters render it, they never decide about it."""

    id: str
    """ULID; delivery is at least once, and this is how a receiver knows what it has already."""
    time_ms: int
    """Milliseconds since the epoch."""
    lane: Lane
    body: Mapping[str, Any]
    """JSON values only."""


def ulid(time_ms: int, entropy: bytes) -> str:
    """Return the ULID of a time and ten random bytes; a time outside 48 bits is moved to the nearest end."""
    if len(entropy) != ENTROPY:
        raise ValueError(f"a ULID takes {ENTROPY} bytes of entropy, not {len(entropy)}")
    number = min(max(time_ms, 0), LATEST_MS) << 80 | int.from_bytes(entropy)
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
