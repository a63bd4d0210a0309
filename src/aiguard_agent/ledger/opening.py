"""Open the one file, whatever is found in its place.

another process holds it       LedgerBusy, with its pid
written by a newer agent       LedgerTooNew
damaged, or not ours           moved aside with the time in its name, a fresh one made, told as a note
nothing can be written there   a ledger in memory, told as a note
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aiguard_agent.errors import LedgerBusy, LedgerTooNew
from aiguard_agent.ledger.limits import Limits
from aiguard_agent.ledger.reserve import Reserve
from aiguard_agent.ledger.schema import APPLICATION_ID, STEPS, connect, migrate, version_of

FILE = "ledger.db"
LOCK = "ledger.lock"
RESERVE = "ledger.reserve"
KEEP_ASIDE = 2
"""Files moved aside that are kept, the newest ones."""
CHECK_BYTES = 64 << 20
"""A file up to this size is checked whole at every start; a larger one only when it was not closed in order."""
BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something about the ledger that the operator has to be told."""

    what: str
    """`memory` (nothing is kept), `aside` (started afresh), `migrated`."""
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A ledger that can be written."""

    connection: sqlite3.Connection
    path: Path | None
    """None = in memory."""
    lock: int | None
    """Descriptor that holds the lock; closing it gives it up."""
    notes: tuple[Note, ...] = ()


def open_database(directory: Path, limits: Limits, now: float) -> Opened:
    """Open, check and migrate; raises LedgerBusy and LedgerTooNew, and nothing else that a disk can do to us."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = hold_lock(directory / LOCK)
    except OSError as error:
        return in_memory(limits, f"{directory} cannot be written: {error.strerror}")
    try:
        connection, notes = open_file(directory / FILE, limits, now)
    except (OSError, sqlite3.Error) as error:
        os.close(lock)
        return in_memory(limits, f"{directory / FILE} cannot be opened: {error}")
    except BaseException:
        os.close(lock)
        raise
    return Opened(connection=connection, path=directory / FILE, lock=lock, notes=notes)


def in_memory(limits: Limits, why: str) -> Opened:
    """Return a ledger that forgets everything at the end of the process, and says so."""
    connection = connect(":memory:", limits)
    migrate(connection, "memory")
    words = f"{why}; findings and unsent events are kept in memory only and are lost when the agent stops"
    return Opened(connection=connection, path=None, lock=None, notes=(Note(what="memory", words=words),))


def hold_lock(path: Path) -> int:
    """Take the lock for as long as the descriptor is open; raises LedgerBusy, OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        pid = _pid_in(descriptor)
        os.close(descriptor)
        who = f"process {pid}" if pid else "another process"
        raise LedgerBusy(f"{path.parent} is held by {who}: stop it, or use another state directory", pid) from error
    except OSError:
        os.close(descriptor)
        raise
    with suppress(OSError):  # on a full disk the pid is missing, the lock is not
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _pid_in(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else None


def open_file(path: Path, limits: Limits, now: float) -> tuple[sqlite3.Connection, tuple[Note, ...]]:
    """Open the file, or a fresh one in its place; raises LedgerTooNew, OSError, sqlite3.Error."""
    fault = _foreign(path)
    if not fault:
        try:
            return _open_checked(path, limits)
        except sqlite3.DatabaseError as error:
            if not is_broken(error):
                raise
            fault = str(error)
    return begin_afresh(path, limits, now, fault)


def begin_afresh(path: Path, limits: Limits, now: float, fault: str) -> tuple[sqlite3.Connection, tuple[Note, ...]]:
    """Move the file aside and make a new one; raises OSError, sqlite3.Error."""
    aside = move_aside(path, now)
    connection, _notes = _open_checked(path, limits)
    words = f"{path} was damaged or not a ledger ({fault}); it was kept as {aside.name} and a fresh one was begun"
    return connection, (Note(what="aside", words=words),)


def is_broken(error: sqlite3.Error) -> bool:
    """Tell whether the file itself is at fault."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in BROKEN


def _foreign(path: Path) -> str:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        return ""
    return "" if stat.S_ISREG(mode) else "not a regular file"


def _open_checked(path: Path, limits: Limits) -> tuple[sqlite3.Connection, tuple[Note, ...]]:
    if not path.exists():
        _foreign(path)
    unclean = _size(path.with_name(f"{path.name}-wal")) > 0
    try:
        return _prepared(path, limits, unclean)
    except sqlite3.OperationalError as error:
        if is_broken(error):
            raise
        Reserve(path.with_name(RESERVE), 0).release()  # opening needs a little room too
        return _prepared(path, limits, unclean)


def _prepared(path: Path, limits: Limits, unclean: bool) -> tuple[sqlite3.Connection, tuple[Note, ...]]:
    connection = connect(str(path), limits)
    try:
        _check(connection, path, unclean)
        before = migrate(connection, str(path))
    except (sqlite3.Error, LedgerTooNew):
        connection.close()
        raise
    if 0 < before < len(STEPS):
        words = f"{path} was migrated from schema {before} to {len(STEPS)}"
        return connection, (Note(what="migrated", words=words),)
    return connection, ()


def _check(connection: sqlite3.Connection, path: Path, unclean: bool) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and (application != APPLICATION_ID or version_of(connection) == 0):
        raise broken("it belongs to another program")
    if version_of(connection) > len(STEPS):
        return  # migrate refuses it in clear words
    if unclean or _size(path) <= CHECK_BYTES:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise broken(str(verdict))


def broken(why: str) -> sqlite3.DatabaseError:
    """Return the error that says the file itself is at fault."""
    error = sqlite3.DatabaseError(why)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def move_aside(path: Path, now: float) -> Path:
    """Rename the file and its log; forget all but the newest few that were moved before."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    target, number = path.with_name(f"{path.name}.aside-{stamp}"), 1
    while os.path.lexists(target):
        number += 1
        target = path.with_name(f"{path.name}.aside-{stamp}-{number}")
    path.rename(target)
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(target.with_name(target.name + suffix))
    _forget_old(path)
    return target


def _forget_old(path: Path) -> None:
    asides = [one for one in path.parent.glob(f"{path.name}.aside-*") if not one.name.endswith(("-wal", "-shm"))]
    for old in sorted(asides, key=lambda one: one.lstat().st_ctime_ns)[:-KEEP_ASIDE]:
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                old.with_name(old.name + suffix).unlink(missing_ok=True)
