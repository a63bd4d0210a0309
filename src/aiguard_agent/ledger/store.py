"""The ledger: one file, one writer, any number of readers.

    with open_ledger(Path("/var/lib/aiguard-agent"), now=time.time()) as ledger:
        recorded = ledger.record(change_of(report))
        ledger.flush()                                   now it is on the disk, whatever happens

A group is committed when it is old or large enough, at once when anything in it is critical. A thread looks after old
groups; nothing else happens in the background.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from aiguard_agent.core.turn import Turns
from aiguard_agent.errors import LedgerFault
from aiguard_agent.ledger.change import Change, Recorded
from aiguard_agent.ledger.history import History, answer
from aiguard_agent.ledger.limits import Limits
from aiguard_agent.ledger.opening import Note, is_broken, open_database
from aiguard_agent.ledger.outbox import OutputBox
from aiguard_agent.ledger.plain import TellLoss, plain_loss
from aiguard_agent.ledger.quota import Pages, pages
from aiguard_agent.ledger.schema import connect
from aiguard_agent.ledger.writer import Item, Writer, urgent, writer_of

T = TypeVar("T")


def open_ledger(
    directory: Path,
    *,
    now: float,
    limits: Limits | None = None,
    tell: TellLoss = plain_loss,
    clock: Callable[[], float] = time.monotonic,
    timer: bool = True,
) -> Ledger:
    """Open the ledger of a state directory; raises LedgerBusy, LedgerTooNew.

    Whatever else is wrong there is told by `Ledger.notes`. Without a timer somebody calls `commit_if_due`.
    """
    limits = limits or Limits()
    opened = open_database(directory, limits, now)
    return Ledger(writer_of(opened, limits, tell, now), opened.lock, clock, timer)


class Ledger:
    """What we know about this host, and what must still leave it. Safe for threads."""

    def __init__(self, writer: Writer, lock: int | None, clock: Callable[[], float], timer: bool) -> None:
        self._writer = writer
        self._file_lock = lock
        self._clock = clock
        self._lock = threading.RLock()
        self._wake = threading.Condition(self._lock)
        self._read_lock = threading.Lock()
        self._reader: tuple[int, sqlite3.Connection] | None = None
        self._since: float | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._watch, name="ledger-commit", daemon=True) if timer else None
        if self._thread:
            self._thread.start()

    @property
    def notes(self) -> tuple[Note, ...]:
        """What the operator has to be told: kept in memory only, begun afresh, migrated. It may grow while running."""
        return tuple(self._writer.notes)

    @property
    def durable(self) -> bool:
        """False when everything is kept in memory only."""
        return self._writer.path is not None

    @property
    def health(self) -> str:
        """ "" = well; else in words what is wrong now."""
        return self._writer.health

    def record(self, change: Change) -> Recorded:
        """Write findings, assets, models and their events, all of it or nothing."""
        with self._lock:
            item = self._writer.add(change)
            if item in self._writer.group:
                self._commit_or_wait(item)
            durable = item not in self._writer.group and not item.lost
            return Recorded(
                turns=item.turns or Turns(at=change.at),
                events=item.written,
                refused=item.refused,
                durable=durable,
                failure=self._writer.health if item.lost else "",
            )

    def _commit_or_wait(self, item: Item) -> None:
        if urgent(item) or self._writer.rows >= self._writer.limits.group_rows:
            self._commit()
        else:
            self._begin_waiting()

    def _begin_waiting(self) -> None:
        if self._since is None:
            self._since = self._clock()
            self._wake.notify_all()

    def _commit(self) -> bool:
        done = self._writer.commit()
        self._since = self._clock() if done and self._writer.waiting else None  # after a failure the next record tries
        return done

    def flush(self) -> bool:
        """Commit what waits; True = all that was recorded since the last failure is on the disk."""
        with self._lock:
            return self._commit()

    def commit_if_due(self) -> bool:
        """Commit when the oldest row has waited long enough; tell whether that was so."""
        with self._lock:
            if self._since is None or self._clock() - self._since < self._writer.limits.group_seconds:
                return False
            return self._commit()

    def _watch(self) -> None:
        with self._wake:
            while not self._closed:
                self._wake.wait(self._left())
                if not self._closed:
                    self.commit_if_due()

    def _left(self) -> float | None:
        """Return the seconds until the group is due, None when nothing waits."""
        if self._since is None:
            return None
        return max(0.001, self._since + self._writer.limits.group_seconds - self._clock())

    def use_outputs(self, names: Iterable[str]) -> None:
        """Say which outputs there are. A new one begins with the oldest event kept; one left out holds nothing back.

        Without any output events are kept until there is no room for them. Raises LedgerFault.
        """
        known: dict[str, int] = dict(self.read(_cursors))
        with self._lock:
            self._writer.cursors = {name: max(known.get(name, 0), self._writer.cursors.get(name, 0)) for name in names}
            self._writer.moved = True
            self._commit()

    def outbox(self, output: str) -> OutputBox:
        """Return the outbox of one output, which `use_outputs` named; raises KeyError."""
        self.cursor(output)
        return OutputBox(self, output)

    def cursor(self, output: str) -> int:
        """Return the number up to which an output has sent everything; raises KeyError."""
        with self._lock:
            return self._writer.cursors[output]

    def advance(self, output: str, number: int) -> None:
        """Move a cursor forward; it is on the disk with the next group, an event is rather sent twice than never."""
        with self._lock:
            cursors = self._writer.cursors
            to = min(number, self._writer.number)
            if output in cursors and to > cursors[output]:
                cursors[output] = to
                self._writer.moved = True
                self._begin_waiting()

    def newest(self) -> int:
        """Return the number of the newest event."""
        return self._writer.number

    def history(self) -> History:
        """Return what was recorded so far."""
        self.flush()
        return History(self.read)

    def size(self) -> Pages:
        """Measure the database against its cap."""
        with self._lock:
            path = self._writer.path
            return pages(self._writer.connection, self._writer.limits, path.parent if path else None)

    def read(self, ask: Callable[[sqlite3.Connection], T]) -> T:
        """Let a function ask the database, committed things only; raises LedgerFault."""
        if not self.durable:
            return self._read_memory(ask)
        with self._read_lock:
            generation = self._writer.generation
            try:
                return ask(self._reading())
            except sqlite3.Error as error:
                self._forget_reader()
                if not is_broken(error):
                    raise LedgerFault(f"the ledger could not be read: {error}") from error
                self._begin_afresh(generation, error)
            if self.durable:
                return answer(self._reading(), ask)
        return self._read_memory(ask)

    def _read_memory(self, ask: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            self._commit()
            return answer(self._writer.connection, ask)

    def _begin_afresh(self, generation: int, error: sqlite3.Error) -> None:
        with self._lock:
            if self._writer.generation == generation:
                self._writer.recover(error)

    def _reading(self) -> sqlite3.Connection:
        if self._reader and self._reader[0] == self._writer.generation:
            return self._reader[1]
        self._forget_reader()
        generation = self._writer.generation
        connection = _open_reader(self._writer)
        self._reader = (generation, connection)
        return connection

    def _forget_reader(self) -> None:
        if self._reader:
            self._reader[1].close()
            self._reader = None

    def close(self) -> None:
        """Commit, empty the log, give up the lock."""
        with self._lock:
            if self._closed:
                return
            self._commit()
            self._closed = True
            self._wake.notify_all()
        if self._thread:
            self._thread.join()
        with self._read_lock, self._lock:
            self._forget_reader()
            self._writer.connection.close()
            if self._file_lock is not None:
                os.close(self._file_lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _cursors(connection: sqlite3.Connection) -> list[tuple[str, int]]:
    return connection.execute("SELECT output, number FROM cursors").fetchall()


def _open_reader(writer: Writer) -> sqlite3.Connection:
    try:
        connection = connect(str(writer.path), writer.limits)
        connection.execute("PRAGMA query_only = ON")
    except sqlite3.Error as error:
        raise LedgerFault(f"the ledger could not be read: {error}") from error
    return connection
