"""Hold hints back for a moment, so that repetitions become one; pure, the clock is handed in."""

from __future__ import annotations

from aiguard_agent.core.hint import Hint, HintKind

ROOM = "watch"
"""Source of the hints that this room gives of itself."""


def lost(subject: str, at: float, source: str = ROOM) -> Hint:
    """Return a hint that something was lost."""
    return Hint(source=source, kind=HintKind.LOST, subject=subject, at=at)


class Merger:
    """Hints on their way, by kind and subject. The first of a sort decides when it is handed on, so none starves."""

    def __init__(self, hold: float, limit: int) -> None:
        self._hold = hold
        self._limit = limit
        self._waiting: dict[tuple[HintKind, str], tuple[float, Hint]] = {}
        self.merged = 0
        """Hints that were a repetition of one that waited."""
        self.dropped = 0
        """Hints for which there was no room; a lost hint stands for them."""

    def add(self, hint: Hint, now: float) -> None:
        """Take one hint in; it waits from the moment in which it happened. A lost hint does not wait."""
        key = (hint.kind, hint.subject)
        if key in self._waiting:
            self.merged += 1
        elif hint.kind is HintKind.LOST:
            self._waiting[key] = (now, hint)
        elif len(self._waiting) < self._limit:
            self._waiting[key] = (min(now, hint.at) + self._hold, hint)
        else:
            self.dropped += 1
            self.add(lost(f"more than {self._limit} hints at once", now), now)

    def due(self) -> float | None:
        """Return when the next hint has waited long enough, or None when none waits."""
        return min((when for when, _ in self._waiting.values()), default=None)

    def ready(self, now: float) -> list[Hint]:
        """Take out those that have waited long enough, in the order in which they came."""
        ripe = [key for key, (when, _) in self._waiting.items() if when <= now]
        return [self._waiting.pop(key)[1] for key in ripe]
