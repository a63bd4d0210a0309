"""The meeting point of what is stored and what is sent: neither side knows the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from aiguard_agent.core.event import Event

BATCH_BYTES = 1 << 20
"""Bodies that one batch holds at most, together; a larger event comes alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One event and its place in the order of all events of this host."""

    number: int
    """Rises by one per event and is never used again; a hole is an event that was dropped, and counted."""
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far one output is behind."""

    events: int = 0
    """At most so many wait; numbers dropped meanwhile are counted in."""
    oldest_ms: int | None = None
    """Time of the oldest event that waits; None = nothing does."""


class Outbox(Protocol):
    """What one output still has to send, oldest first. At least once: a batch comes again until it is advanced over."""

    def batch(self, limit: int, max_bytes: int = BATCH_BYTES) -> tuple[Stored, ...]:
        """Return the next durable events, one at least if there is one."""
        ...

    def advance(self, number: int) -> None:
        """Say that everything up to that number has arrived; a smaller number than before does nothing."""
        ...

    def lag(self) -> Lag:
        """Tell how far behind this output is."""
        ...
