"""The size cap: what is dropped when there is no room, in which order, and how much room there is.

telemetry, inventory, info findings, then history (resolved findings, assets that are gone, superseded model versions),
then findings; oldest first. Critical events are never dropped, nor is anything that is still there.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from aiguard_agent.core.event import Lane
from aiguard_agent.ledger.lanes import take_front
from aiguard_agent.ledger.limits import PAGE, Limits
from aiguard_agent.ledger.losses import QUOTA, count_loss

BATCH = 50
"""Rows deleted at once: on a full disk one large delete fails where many small ones do not."""
ROUNDS = 200
"""Batches per commit, so that no commit takes for ever."""
FULL = 0.95
"""Share of the cap above which something is dropped."""
ROOM = 0.9
"""Share of the cap below which there is room again, to tell of what was dropped."""
HISTORY = (
    "DELETE FROM findings WHERE key IN (SELECT key FROM findings WHERE state = 'resolved' AND told_state = state "
    "AND told_substance = substance ORDER BY resolved_at LIMIT ?)",
    "DELETE FROM assets WHERE id IN (SELECT id FROM assets WHERE gone_at IS NOT NULL ORDER BY gone_at LIMIT ?)",
    "DELETE FROM model_versions WHERE number IN (SELECT number FROM model_versions "
    "WHERE superseded_by IS NOT NULL ORDER BY number LIMIT ?)",
)
BEFORE_HISTORY = (Lane.TELEMETRY, Lane.INVENTORY, Lane.INFO)
AFTER_HISTORY = (Lane.FINDING,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """How many pages hold something, how many the file has, how many it may have."""

    used: int
    file: int
    cap: int

    @property
    def full(self) -> bool:
        """True when something has to go."""
        return self.used > self.cap * FULL

    @property
    def room(self) -> bool:
        """True when there is room again."""
        return self.used <= self.cap * ROOM


def pages(connection: sqlite3.Connection, limits: Limits, directory: Path | None) -> Pages:
    """Measure the database, and the filesystem it lies on; None = it lies in memory."""
    file = int(connection.execute("PRAGMA page_count").fetchone()[0])
    free = int(connection.execute("PRAGMA freelist_count").fetchone()[0])
    cap = limits.max_pages
    if directory is not None:
        growth = max(0, spare_bytes(directory, limits)) // PAGE
        cap = min(cap, max(limits.least_bytes // PAGE, file + growth))
    return Pages(used=file - free, file=file, cap=cap)


def spare_bytes(directory: Path, limits: Limits) -> int:
    """Return how much of the filesystem we may still take; below zero when others took too much."""
    try:
        seen = os.statvfs(directory)
    except OSError:
        return 0
    floor = max(limits.keep_free_bytes, int(seen.f_blocks * seen.f_frsize * limits.keep_free_share))
    return seen.f_bavail * seen.f_frsize - floor


def drop(connection: sqlite3.Connection, rows: int = BATCH) -> int:
    """Drop the least worthy rows there are, and count them; 0 = nothing may be dropped any more."""
    return (
        _drop_events(connection, BEFORE_HISTORY, rows)
        or _drop_history(connection, rows)
        or _drop_events(connection, AFTER_HISTORY, rows)
    )


def _drop_events(connection: sqlite3.Connection, lanes: tuple[Lane, ...], rows: int) -> int:
    for lane in lanes:
        first, last, count = take_front(connection, lane, rows)
        if count:
            count_loss(connection, lane, QUOTA, first, last, count)
            return count
    return 0


def _drop_history(connection: sqlite3.Connection, rows: int) -> int:
    for statement in HISTORY:
        count = connection.execute(statement, (rows,)).rowcount
        if count > 0:
            return count
    return 0


def make_room(connection: sqlite3.Connection, limits: Limits, directory: Path | None) -> Pages:
    """Drop until the database is below its cap or nothing may be dropped; runs inside a transaction."""
    for _round in range(ROUNDS):
        found = pages(connection, limits, directory)
        if not found.full or not drop(connection):
            return found
    return pages(connection, limits, directory)
