"""A file of nothing, held so that there is room to climb out when the disk is full.

On a full disk SQLite is stuck: a delete, a checkpoint and an insert all need new pages in the log first. What works, in
this order: give up the reserve, empty the log into the database, delete a few rows and empty the log again, until there
is room; hand the freed pages back; take the reserve again.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from aiguard_agent.ledger.limits import PAGE, WAL_BYTES, WAL_PAGES, Limits
from aiguard_agent.ledger.quota import drop

ROUNDS = 400
"""Batches of rows that one climb deletes at most."""


class Reserve:
    """The reserve file: held, or given up."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size

    @property
    def held(self) -> bool:
        """Tell whether the whole reserve is there; one of no size always is."""
        if self._size == 0:
            return True
        try:
            return self._path.lstat().st_blocks * 512 >= self._size
        except OSError:
            return False

    def hold(self) -> bool:
        """Take the reserve if it is not held and leaves room for a log beside it; tell whether it is held now."""
        if self.held:
            return True
        self.release()
        if free_bytes(self._path.parent) < self._size + 2 * WAL_BYTES:
            return False
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        except OSError:
            return False
        try:
            os.posix_fallocate(descriptor, 0, self._size)
        except OSError:
            self.release()
            return False
        finally:
            os.close(descriptor)
        return True

    def release(self) -> None:
        """Give the reserve up."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def free_bytes(directory: Path) -> int:
    """Return what is free on the filesystem for us; 0 when nobody can tell."""
    try:
        seen = os.statvfs(directory)
    except OSError:
        return 0
    return seen.f_bavail * seen.f_frsize


def climb(connection: sqlite3.Connection, reserve: Reserve, limits: Limits, directory: Path) -> bool:
    """Climb out of a full disk or a full database; tell whether there is room now. No transaction may be open."""
    if free_bytes(directory) < limits.reserve_bytes:
        reserve.release()
    with suppress(sqlite3.Error):
        checkpoint(connection)
        for _round in range(ROUNDS):
            if _enough(connection, limits, directory) or not _drop_some(connection):
                break
            checkpoint(connection)
    with suppress(sqlite3.Error):
        vacuum(connection)
        checkpoint(connection)
    reserve.hold()
    return _enough(connection, limits, directory) or free_bytes(directory) >= 2 * WAL_BYTES


def _enough(connection: sqlite3.Connection, limits: Limits, directory: Path) -> bool:
    """Tell whether a few transactions fit, into the database as well as onto the disk."""
    file = int(connection.execute("PRAGMA page_count").fetchone()[0])
    spare = int(connection.execute("PRAGMA freelist_count").fetchone()[0])
    free = free_bytes(directory)
    inside = spare + min(limits.max_pages - file, free // PAGE)
    return (
        inside >= min(WAL_PAGES, limits.max_pages // 10) and free + spare * PAGE >= limits.reserve_bytes + 3 * WAL_BYTES
    )


def _drop_some(connection: sqlite3.Connection) -> int:
    connection.execute("BEGIN IMMEDIATE")
    try:
        count = drop(connection)
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.rollback()
        raise
    return count


def checkpoint(connection: sqlite3.Connection) -> None:
    """Copy the log into the database and empty it."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def vacuum(connection: sqlite3.Connection) -> None:
    """Hand free pages back to the filesystem; `execute` would free one page, `executescript` frees them all."""
    connection.executescript("PRAGMA incremental_vacuum;")
