"""How large the ledger may grow, how long it may wait, and what it calls flapping."""

from __future__ import annotations

from dataclasses import dataclass

PAGE = 4096
"""Bytes of one database page."""
WAL_PAGES = 100
"""Pages after which the write-ahead log is copied into the database; the log is not under the size cap."""
WAL_BYTES = WAL_PAGES * (PAGE + 24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Start values for a host with an ordinary disk."""

    max_bytes: int = 512 << 20
    """Of the database file."""
    least_bytes: int = 16 << 20
    """The file may grow to this even when the filesystem has less than `keep_free` left."""
    keep_free_bytes: int = 1 << 30
    keep_free_share: float = 0.05
    """The larger of the two stays free on the filesystem, as far as it depends on us."""
    reserve_bytes: int = 4 << 20
    """Held back to climb out of a full disk; at least twice WAL_BYTES."""
    group_seconds: float = 0.1
    group_rows: int = 200
    """A group is committed when its first row is so old, or when it has so many; a critical one at once."""
    touch_seconds: float = 60.0
    """What is merely still there is written down at most this often."""
    flap_seconds: float = 600.0
    """A finding that turns again within this time flaps, and has settled when nothing happened for this long."""
    flap_limit: int = 3
    """Flaps that are told one by one."""
    tell_seconds: float = 60.0
    """Losses are told at most this often."""

    @property
    def max_pages(self) -> int:
        """The size cap in pages."""
        return max(64, self.max_bytes // PAGE)
