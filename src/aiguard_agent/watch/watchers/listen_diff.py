"""Compare the listening TCP sockets of every network namespace with those a moment ago.

One kept socket per namespace makes a look cost some tens of microseconds. Other sources announce new namespaces
(a program was started in one); a slow sweep finds those that nobody announced.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Sequence

from aiguard_agent.core.facts import Blind, BlindKind
from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.watch import diag
from aiguard_agent.watch.canary import open_port
from aiguard_agent.watch.diag import Table, TornError, open_diag
from aiguard_agent.watch.namespaces import Doors, Members, by_text, own_namespace
from aiguard_agent.watch.procnet import TextTable
from aiguard_agent.watch.watcher import EARLY, Counters, Deed, Host, Settings, Watcher

ALERT_SECONDS = 20.0
"""How long after the start of a program its namespace is looked at in every turn."""
RETRY_SECONDS = 30.0
_SOON = 0.1


class ListenDiff:
    """Open tables of all namespaces known."""

    def __init__(self, host: Host, settings: Settings) -> None:
        self.counters = Counters()
        self._host = host
        self._interval, self._sweep = settings.interval, settings.sweep
        self._quiet_turns = max(1, round(settings.quiet / settings.interval))
        self._own = own_namespace()
        self._members = Members(self._own, by_text("thread-self"))
        self._doors = Doors()
        self._tables: dict[int, Table | TextTable] = {self._own: _own_table()}
        self._by_text = isinstance(self._tables[self._own], TextTable)
        self._at_start: set[int] = set()
        """Namespaces that were there before us and are not open yet: what listens in them is no news."""
        self._fresh: set[int] = set()
        """Namespaces found after the start: all that listens in one is news."""
        self._refused: dict[int, OSError] = {}
        """Namespaces that could not be looked into; tried again now and then."""
        self._again: dict[int, float] = {}
        self._alert: dict[int, float] = {}
        """Namespace -> until when it is looked at in every turn."""
        self._heard = False
        self._turn = 0
        try:
            self._members.sweep(_living(host))
        except OSError:
            self.close()
            raise
        self._at_start.update(self._members.pids)
        self._next = time.monotonic()
        self._next_sweep = self._next + self._sweep
        self._enter()

    @property
    def words(self) -> str:
        """Return how many namespaces are looked at, and how."""
        tables = tuple(self._tables.values())
        text = sum(isinstance(table, TextTable) for table in tables)
        by_text = f", {text} of them as text" if text else ""
        return f"{len(tables)} namespaces{by_text}, every {self._interval} s"

    def fileno(self) -> int:
        """The kernel does not announce listening sockets here."""
        return -1

    def due(self) -> float:
        """Return when the next look is due."""
        return self._next

    def read(self) -> Sequence[Hint]:
        """Look at the namespaces whose turn it is; return what began or ceased to listen."""
        now = time.monotonic()
        if now + EARLY < self._next:
            return ()
        self._next = now + self._interval
        self._turn += 1
        self._fetch()
        hints: list[Hint] = []
        if now >= self._next_sweep:
            self._next_sweep = now + self._sweep
            self._members.sweep(_living(self._host))
            hints += self._leave(now)
        self._enter()
        for namespace in [key for key in self._tables if self._has_turn(key, now)]:
            hints += self._look(namespace, now)
        return hints

    def _has_turn(self, namespace: int, now: float) -> bool:
        """Tell whether a namespace is looked at now: without news of programs all are, always."""
        if namespace == self._own or namespace in self._fresh or not self._heard:
            return True
        return self._alert.get(namespace, 0.0) > now or (namespace + self._turn) % self._quiet_turns == 0

    def _look(self, namespace: int, now: float) -> list[Hint]:
        """Look into one namespace; a namespace that fails is given up, our own takes the source with it."""
        try:
            opened, closed = self._tables[namespace].look()
        except TornError:
            self.counters.lost += 1  # the same question is asked again at the next turn
            return []
        except OSError as error:
            if namespace == self._own:
                raise
            return self._failed(namespace, error, now)
        self._fresh.discard(namespace)
        inode = namespace if namespace > 0 else None
        self.counters.events += len(opened) + len(closed)
        return [
            *(diag.hint_of(row, now, netns=inode) for row in opened),
            *(diag.hint_of(row, now, netns=inode, gone=True) for row in closed),
        ]

    def _failed(self, namespace: int, error: OSError, now: float) -> list[Hint]:
        """Give up a table; a namespace that still lives is entered again."""
        table = self._tables[namespace]
        if isinstance(table, TextTable) and isinstance(error, FileNotFoundError | ProcessLookupError):
            self._members.left(table.pid)  # the process that we read through has ended
            others = self._members.pids.get(namespace)
            table.pid = next(iter(others)) if others else table.pid
            self._next_sweep = min(self._next_sweep, now + _SOON)
            return []
        self._tables.pop(namespace).close()
        self._refuse(namespace, error)
        self.counters.lost += 1
        words = f"namespace {namespace}: {error.strerror}"
        return [Hint(source=diag.NAME, kind=HintKind.LOST, subject=words, at=now)]

    def _enter(self) -> None:
        """Have the namespaces opened that are known and not open."""
        if not self._doors.idle:
            return
        missing = [
            (namespace, next(iter(pids)))
            for namespace, pids in self._members.pids.items()
            if namespace not in self._tables and self._again.get(namespace, 0.0) <= time.monotonic()
        ]
        for namespace, pid in missing:
            if namespace < 0 or self._by_text:
                self._adopt(namespace, TextTable(pid))
        inside = [one for one in missing if one[0] > 0 and not self._by_text]
        if inside:
            self._doors.open(inside)

    def _fetch(self) -> None:
        """Take over what was opened; where we may not enter, the text files of a member must do."""
        for one in self._doors.opened():
            pids = self._members.pids.get(one.namespace)
            if one.table is not None and pids:
                self._adopt(one.namespace, one.table)
            elif one.table is not None:
                one.table.close()
            elif pids and isinstance(one.error, PermissionError):
                self._adopt(one.namespace, TextTable(next(iter(pids))))
            elif pids and one.error is not None and one.error.errno != errno.ESTALE:
                self._refuse(one.namespace, one.error)

    def _refuse(self, namespace: int, error: OSError) -> None:
        """Note that a namespace cannot be looked into, and leave it alone for a while."""
        self._refused[namespace] = error
        self._again[namespace] = time.monotonic() + RETRY_SECONDS

    def _adopt(self, namespace: int, table: Table | TextTable) -> None:
        """Look at a namespace from now on; what listens in one that was there before us is taken for known."""
        self._tables[namespace] = table
        self._refused.pop(namespace, None)
        if namespace in self._at_start:
            self._at_start.discard(namespace)
            with contextlib.suppress(OSError):
                table.look()

    def _leave(self, now: float) -> list[Hint]:
        """Close namespaces without processes: a kept socket would keep them alive, and their interfaces with them."""
        hints: list[Hint] = []
        for namespace in self._refused.keys() - self._members.pids.keys():
            del self._refused[namespace]
        for namespace in self._again.keys() - self._members.pids.keys():
            del self._again[namespace]
        for namespace in self._tables.keys() - self._members.pids.keys() - {self._own}:
            table = self._tables.pop(namespace)
            table.close()
            inode = namespace if namespace > 0 else None
            hints += [diag.hint_of(row, now, netns=inode, gone=True) for row in table.rows]
            self._alert.pop(namespace, None)
            self._fresh.discard(namespace)
        return hints

    def hear(self, hints: Sequence[Hint]) -> None:
        """Learn of new namespaces from programs that started, of empty ones from those that ended."""
        for hint in hints:
            if hint.kind is not HintKind.PROCESS or not hint.pid:
                continue
            self._heard = True
            if hint.gone:
                if self._members.left(hint.pid):
                    self._next_sweep = min(self._next_sweep, time.monotonic() + _SOON)
                continue
            namespace = self._members.moved(hint.pid)
            if namespace is None or namespace == self._own:
                continue
            self._alert[namespace] = time.monotonic() + ALERT_SECONDS
            if namespace not in self._tables:
                self._fresh.add(namespace)
                self._fetch()
                self._enter()

    def blinds(self) -> tuple[Blind, ...]:
        """Return the namespaces that could be neither entered nor read."""
        return tuple(
            Blind(
                collector=diag.NAME,
                subject=f"namespace {namespace}",
                reason=error.strerror or str(error),
                kind=BlindKind.DENIED if isinstance(error, PermissionError) else BlindKind.ERROR,
            )
            for namespace, error in sorted(self._refused.items())
        )

    def canary(self) -> Deed:
        """Listen on a loopback port for a moment."""
        return open_port()

    def close(self) -> None:
        """Close every namespace's socket."""
        self._doors.close()
        for table in self._tables.values():
            table.close()
        self._tables.clear()


def _own_table() -> Table | TextTable:
    """Return a table of our own namespace that was looked at once; as text where the kernel has no TCP diagnosis."""
    try:
        table = Table(open_diag())
    except OSError:
        return _looked_at(TextTable(os.getpid()))
    try:
        return _looked_at(table)
    except OSError:
        table.close()
        return _looked_at(TextTable(os.getpid()))


def _looked_at(table: Table | TextTable) -> Table | TextTable:
    table.look()
    return table


def _living(host: Host) -> list[int]:
    return [int(name) for name in host.names("/proc") if name.isdecimal() and int(name) != os.getpid()]


def _open(host: Host, settings: Settings) -> ListenDiff:
    if not host.live:
        raise OSError(errno.EOPNOTSUPP, "a recorded host has no events")
    return ListenDiff(host, settings)


WATCHER = Watcher(
    name=diag.NAME,
    help="TCP sockets that begin and cease to listen, by asking every network namespace in turn",
    ranks={HintKind.LISTENER: 20},
    better_with=("CAP_SYS_ADMIN", "CAP_SYS_PTRACE"),
    loses="a socket that listened for less than the interval",
    parse=diag.parse,
    open=_open,
)
