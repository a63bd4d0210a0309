"""The one writer: changes gathered into a group, the group committed, and what is done when the disk says no.

Everything of a group is kept until it is committed. So after any failure the group is rolled back, the cause is cured
(climb out of a full disk, begin afresh beside a damaged file) and the same changes are applied again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path

from aiguard_agent.core.event import Event, Lane
from aiguard_agent.core.finding import Severity
from aiguard_agent.core.turn import Turns
from aiguard_agent.ledger.change import Change
from aiguard_agent.ledger.lanes import append, latest, take_front
from aiguard_agent.ledger.life import Now
from aiguard_agent.ledger.limits import Limits
from aiguard_agent.ledger.losses import NO_SPACE, count_loss, mark_told, untold_losses
from aiguard_agent.ledger.opening import RESERVE, Note, Opened, begin_afresh, in_memory, is_broken
from aiguard_agent.ledger.plain import TellLoss, plain_events
from aiguard_agent.ledger.quota import drop, make_room
from aiguard_agent.ledger.reserve import Reserve, climb
from aiguard_agent.ledger.state import Lately, write_assets, write_findings, write_models

HELD = 1000
"""Critical events that wait in memory for a disk that takes them."""
TRIM = 1000
"""Sent events per lane that one commit removes."""
SLACK_PAGES = 256
VACUUM_PAGES = 200
"""Free pages beyond which the file is made smaller, and how many at a time."""
NO_ROOM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}


class Take(IntEnum):
    """What of a group is taken; less with every attempt that failed."""

    ALL = 0
    CRITICAL = 1
    """Other events are refused and counted."""
    TURNS = 2
    """Of the critical ones only what tells of findings; the others wait in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Numbers of events of one lane that nobody could write down."""

    lane: Lane
    first: int
    last: int
    count: int


@dataclass(slots=True, kw_only=True, eq=False)
class Item:
    """One change on its way to the disk."""

    change: Change
    scan: int
    owed: tuple[Refused, ...] = ()
    turns: Turns | None = None
    events: tuple[Event, ...] = ()
    written: tuple[Event, ...] = ()
    refused: int = 0
    postponed: tuple[Event, ...] = ()
    lost: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Writer:
    """Not safe for threads: its owner holds a lock."""

    connection: sqlite3.Connection
    path: Path | None
    limits: Limits
    tell: TellLoss
    notes: list[Note]
    at: float
    """Time of the last change, by the clock of its scan."""
    told_at: float | None = None
    """When somebody was last told of losses."""
    number: int = 0
    """Of the newest event, committed or not."""
    scan: int = 0
    generation: int = 0
    """Rises when the file was replaced: other connections are of the old one then."""
    health: str = ""
    rows: int = 0
    cursors: dict[str, int] = field(default_factory=dict)
    moved: bool = False
    """True when a cursor is not on the disk yet, or sent events wait to be removed."""
    group: list[Item] = field(default_factory=list)
    owed: list[Refused] = field(default_factory=list)
    lately: Lately = field(default_factory=Lately)
    held: list[Event] = field(default_factory=list)
    _durable_number: int = 0
    _durable_scan: int = 0
    _changes: int = 0

    @property
    def waiting(self) -> bool:
        """True when something is not on the disk yet."""
        return bool(self.group) or self.moved

    def load(self) -> None:
        """Read where the numbers stand."""
        meta = dict(self.connection.execute("SELECT key, value FROM meta").fetchall())
        self.number = max(self.number, int(meta.get("number", 0)), latest(self.connection))
        self.scan = max(self.scan, int(meta.get("scan", 0)))
        self._durable_number, self._durable_scan = self.number, self.scan

    def add(self, change: Change) -> Item:
        """Apply a change inside the open group; after a failure the item says it is lost."""
        self.at = change.at
        self.scan += change.whole
        item = Item(change=self._with_held(change), scan=self.scan, owed=tuple(self.owed))
        self.owed.clear()
        self.group.append(item)
        try:
            self._apply(item)
        except sqlite3.Error as error:
            self.recover(error)
        except BaseException:
            self.group.remove(item)
            self.owed.extend(item.owed)
            raise
        return item

    def _with_held(self, change: Change) -> Change:
        if not self.held:
            return change
        events = (*self.held, *change.events)
        self.held.clear()
        return replace(change, events=events)

    def _apply(self, item: Item, take: Take = Take.ALL) -> None:
        self._begin()
        self.scan = max(self.scan, item.scan)
        number, rows = self.number, self.rows
        self.connection.execute("SAVEPOINT item")
        try:
            self._write(item, take)
        except sqlite3.Error:
            raise
        except BaseException:
            self.number, self.rows, self.lately = number, rows, Lately()
            self.connection.execute("ROLLBACK TO item")
            self.connection.execute("RELEASE item")
            raise
        self.connection.execute("RELEASE item")

    def _begin(self) -> None:
        if not self.connection.in_transaction:
            self.connection.execute("BEGIN IMMEDIATE")
            self._changes = self.connection.total_changes

    def _write(self, item: Item, take: Take) -> None:
        change, limits = item.change, self.limits
        now = Now(at=change.at, scan=item.scan, flap_seconds=limits.flap_seconds, flap_limit=limits.flap_limit)
        turns = Turns(
            at=change.at,
            findings=tuple(write_findings(self.connection, change, now, limits.touch_seconds, self.lately)),
            assets=tuple(write_assets(self.connection, change, limits.touch_seconds, self.lately)),
            models=tuple(write_models(self.connection, change)),
        )
        if turns != item.turns:  # else it is applied again, and its events keep their ids
            item.turns = turns
            item.events = (*(change.render or plain_events)(turns), *change.events)
        for loss in item.owed:
            count_loss(self.connection, loss.lane, NO_SPACE, loss.first, loss.last, loss.count)
        self._put(item, take)
        self.rows += len(item.events) + len(turns.findings) + len(turns.assets)

    def _put(self, item: Item, take: Take) -> None:
        written: list[Event] = []
        item.refused = 0
        later = (
            {event.id for event in item.change.events if event.lane is Lane.CRITICAL} if take is Take.TURNS else set()
        )
        item.postponed = tuple(event for event in item.events if event.id in later)
        for event in item.events:
            if event.id in later:
                continue
            self.number += 1
            if take is not Take.ALL and event.lane is not Lane.CRITICAL:
                count_loss(self.connection, event.lane, NO_SPACE, self.number, self.number, 1)
                item.refused += 1
            elif append(self.connection, self.number, event):
                written.append(event)
            else:
                self.number -= 1
        item.written = tuple(written)

    def commit(self) -> bool:
        """Put the group onto the disk; False when nothing helped, and then the group is lost and counted."""
        if not self.waiting:
            return True
        try:
            self._finish()
        except sqlite3.Error as error:
            return self.recover(error)
        return True

    def _finish(self) -> None:
        self._begin()
        more = self._trim() if self.moved else False
        if self.connection.total_changes != self._changes or self.number != self._durable_number:
            self._round_off()
        self.connection.execute("COMMIT")
        self._durable_number, self._durable_scan = self.number, self.scan
        self.group.clear()
        self.rows, self.moved, self.health = 0, more, ""
        self._tidy()

    def _trim(self) -> bool:
        """Write the cursors and remove what every output has sent; True when there is more to remove."""
        self.connection.executemany(
            "INSERT INTO cursors (output, number) VALUES (?, ?) "
            "ON CONFLICT (output) DO UPDATE SET number = max(number, excluded.number)",
            self.cursors.items(),
        )
        if not self.cursors:
            return False
        bound = min(self.cursors.values())
        removed = [take_front(self.connection, lane, TRIM, bound)[2] for lane in Lane]
        return TRIM in removed

    def _round_off(self) -> None:
        found = make_room(self.connection, self.limits, self.path.parent if self.path else None)
        if found.room and (self.told_at is None or abs(self.at - self.told_at) >= self.limits.tell_seconds):
            self._tell_losses()
        self.connection.executemany(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [("number", self.number), ("scan", self.scan)],
        )

    def _tell_losses(self) -> None:
        for loss in untold_losses(self.connection):
            self.number += 1
            append(self.connection, self.number, self.tell(loss, self.at))
            mark_told(self.connection, loss)
            self.told_at = self.at

    def _tidy(self) -> None:
        """Give pages back and take the reserve again, where there is need; neither may fail a commit."""
        file = int(self.connection.execute("PRAGMA page_count").fetchone()[0])
        free = int(self.connection.execute("PRAGMA freelist_count").fetchone()[0])
        if self.path is None:
            return
        if free > max(SLACK_PAGES, file // 2):
            try:
                self.connection.executescript(f"PRAGMA incremental_vacuum({VACUUM_PAGES});")
            except sqlite3.Error as error:
                self.health = f"the ledger could not be made smaller: {error}"
        if not self.reserve.held and not self.reserve.hold():
            self.health = f"{self.path.parent} is nearly full: there is no room for the reserve of the ledger"

    @property
    def reserve(self) -> Reserve:
        """The reserve beside the file; without a file one of no size."""
        if self.path is None:
            return Reserve(Path(RESERVE), 0)
        return Reserve(self.path.with_name(RESERVE), self.limits.reserve_bytes)

    def recover(self, error: sqlite3.Error) -> bool:
        """Cure and apply the group again: all of it, then ever less."""
        for take in Take:
            self.undo()
            try:
                self._cure(error)
                self._again(take)
            except sqlite3.Error as again:
                error = again
                continue
            if take is not Take.ALL:
                self.health = f"the ledger is full, events that are not critical are refused: {error}"
            return True
        self._give_up(error)
        return False

    def _again(self, take: Take) -> None:
        group = tuple(self.group)
        for item in group:
            self._apply(item, take)
        self.moved = True  # so that a group without rows is finished too
        self._finish()
        for item in group:
            self._hold(item.postponed)

    def undo(self) -> None:
        """Roll the group back."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")
        self.number, self.scan, self.rows = self._durable_number, self._durable_scan, 0
        self.lately = Lately()

    def _cure(self, error: sqlite3.Error) -> None:
        if is_broken(error):
            self._restart(error)
        elif getattr(error, "sqlite_errorcode", 0) & 0xFF in NO_ROOM:
            if self.path is not None:
                climb(self.connection, self.reserve, self.limits, self.path.parent)
            else:
                drop(self.connection)

    def _restart(self, error: sqlite3.Error) -> None:
        """Begin afresh beside a damaged file. Numbers go on: an output still holds the old ones."""
        if self.path is None:
            return
        number, scan = self.number, self.scan
        self.connection.close()
        try:
            self.connection, notes = begin_afresh(self.path, self.limits, self.at, str(error))
        except (OSError, sqlite3.Error) as again:
            opened = in_memory(self.limits, f"the ledger was damaged ({error}) and cannot be begun afresh: {again}")
            self.connection, self.path, notes = opened.connection, None, opened.notes
        self.notes.extend(notes)
        self.generation += 1
        self.number, self.scan = number, scan
        self.load()

    def _give_up(self, error: sqlite3.Error) -> None:
        """Count what is lost. Findings are not: their turn has not happened, the next whole scan turns it again."""
        self.undo()
        self.health = f"the ledger cannot be written: {error}"
        for item in self.group:
            item.lost = True
            item.turns, item.written = None, ()
            self.owed.extend(item.owed)
            self._refuse(item.change.events)
        self.group.clear()
        self.moved = bool(self.cursors)

    def _refuse(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.lane is Lane.CRITICAL:
                self._hold([event])
            else:
                self._count(event.lane)

    def _hold(self, events: Iterable[Event]) -> None:
        """Keep critical events until a change takes them along; beyond what memory may hold they are counted."""
        for event in events:
            if len(self.held) < HELD:
                self.held.append(event)
            else:
                self._count(event.lane)

    def _count(self, lane: Lane) -> None:
        self.number += 1
        self._durable_number = self.number
        self.owed.append(Refused(lane=lane, first=self.number, last=self.number, count=1))


def urgent(item: Item) -> bool:
    """Tell whether a change is committed at once."""
    turns = item.turns.findings if item.turns else ()
    return any(event.lane is Lane.CRITICAL for event in item.events) or any(
        turn.finding.severity is Severity.CRITICAL for turn in turns
    )


def writer_of(opened: Opened, limits: Limits, tell: TellLoss, now: float) -> Writer:
    """Return the writer of a ledger that was opened."""
    writer = Writer(
        connection=opened.connection, path=opened.path, limits=limits, tell=tell, notes=list(opened.notes), at=now
    )
    writer.load()
    if opened.path is not None:
        writer.reserve.hold()
    return writer
