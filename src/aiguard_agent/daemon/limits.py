"""What the agent allows itself: buckets that fill with time, and the size of its own memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

_PAGE = 4096


class Bucket:
    """A token bucket: `rate` units a second, at most `burst` saved up. May be overdrawn, then there is a wait."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._level, self._at = burst, clock()
        self.waited = 0.0
        """Seconds of waiting that `debt` has told so far."""

    def spend(self, units: float) -> None:
        """Take units out, also those that are not in yet."""
        self._fill()
        self._level -= units

    def debt(self) -> float:
        """Return the seconds until the bucket is no longer overdrawn."""
        self._fill()
        wait = max(0.0, -self._level / self._rate)
        self.waited += wait
        return wait

    def grant(self, wanted: int) -> int:
        """Take up to `wanted` whole units, those that are there, and return how many."""
        self._fill()
        given = max(0, min(wanted, int(self._level)))
        self._level -= given
        return given

    def _fill(self) -> None:
        now = self._clock()
        self._level = min(self._burst, self._level + max(0.0, now - self._at) * self._rate)
        self._at = now


def resident(status: Path = Path("/proc/self/statm")) -> int:
    """Return the resident bytes of this process; 0 when it cannot be told."""
    try:
        return int(status.read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0
