"""Who holds a socket: find the owners of inodes by reading as few descriptors as possible.

The kernel does not say which process owns a listening socket, only its inode and uid. So processes are asked in the
order in which they are likely to be the owner, until every socket has one or the budget is spent; then the relatives
of the owners, because pre-fork servers share their socket. What was found is remembered between passes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aiguard_agent.collect.descriptors import descriptors_up_to
from aiguard_agent.collect.host import Host
from aiguard_agent.collect.memory import Descriptors, identity_of
from aiguard_agent.core.facts import Process
from aiguard_agent.errors import BudgetExceeded

LONG_TABLE = 256
"""Descriptors beyond which a process is only asked when there is no better explanation for a socket."""
SEARCHES = 3
"""Passes in which an owner is searched until a socket is taken for one of the kernel's own. Once is not enough: a
server that starts between the list of processes and the list of sockets is not in the first and is in the second."""
_INIT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One socket whose owner is looked for."""

    netns: int | None
    uid: int
    widen: bool = True
    """False: ask interesting processes only (unix sockets: there are many, and most do not matter)."""


@dataclass(slots=True)
class Search:
    """One search over one host; `found` and the counters are its result."""

    host: Host
    budget: int
    processes: Sequence[Process]
    found: dict[int, list[Process]] = field(default_factory=dict)
    denied: int = 0
    spent: bool = False
    _asked: set[int] = field(default_factory=set)
    _missing: set[int] = field(default_factory=set)
    """Inodes that are worth asking more processes for."""
    _holding: dict[int, Process] = field(default_factory=dict)
    """Those that were asked and hold something, by pid."""
    _hiding: set[tuple[int | None, int]] = field(default_factory=set)
    """Namespace and user of processes that did not show their descriptors."""

    def run(self, wanted: Mapping[int, Wanted]) -> None:
        """Find the holders of every wanted inode, from memory where it still holds true."""
        self.found = {inode: [] for inode in wanted}
        self._missing = self._recall(wanted)
        if self._missing:
            for process in self._interesting():
                self._ask(process)
            self._missing = {inode for inode in self._missing if wanted[inode].widen}
            self._widen(wanted)
        if self._asked:
            self._ask_relatives()
            self._keep(wanted)
        else:
            self.denied, self.spent = self.host.memory.search_denied, self.host.memory.search_spent

    def _keep(self, wanted: Mapping[int, Wanted]) -> None:
        """Remember the answer for the next pass, and why some of it is missing."""
        memory = self.host.memory
        memory.holders = {inode: tuple(map(identity_of, holders)) for inode, holders in self.found.items()}
        before, memory.vain = memory.vain, {}
        for inode, holders in self.found.items():
            if not holders and wanted[inode].widen:
                memory.vain[inode] = before.get(inode, 0) + 1
        memory.holding = frozenset(identity for held in memory.holders.values() for identity in held)
        memory.search_denied = self.denied
        memory.search_spent = self.spent

    def _widen(self, wanted: Mapping[int, Wanted]) -> None:
        """Ask the others until every socket has an owner.

        A socket that a process which hides from us explains (same namespace and user) is no reason to read long
        tables: those are asked for the sake of sockets that nobody explains.
        """
        long_ones: list[Process] = []
        for process in self._others(wanted):
            if not self._missing:
                return
            if not self._ask(process, LONG_TABLE):
                long_ones.append(process)
        for process in long_ones:
            if self.spent or all(_pair(wanted[inode]) in self._hiding for inode in self._missing):
                return
            self._ask(process)

    def _recall(self, wanted: Mapping[int, Wanted]) -> set[int]:
        """Fill in the holders that are remembered and alive; return the inodes that must be searched.

        A thorough pass asks the remembered holders again. What was searched in vain (the kernel holds sockets of its
        own) is not searched again, but still recognised when a process is asked for another reason.
        """
        memory = self.host.memory
        living = {identity_of(process): process for process in self.processes}
        for inode in wanted:
            for process in (living[key] for key in memory.holders.get(inode, ()) if key in living):
                if memory.thorough:
                    self._ask(process)
                else:
                    self.found[inode].append(process)
        vain = {
            inode for inode, kept in memory.holders.items() if not kept and memory.vain.get(inode, SEARCHES) >= SEARCHES
        }
        if memory.search_spent:
            vain = set()
        return {inode for inode in wanted if not self.found[inode] and inode not in vain}

    def _interesting(self) -> Iterator[Process]:
        """Yield the processes that deserve a deep look anyway."""
        known = self.host.memory.known
        for process in self.processes:
            if process.pid in known and known[process.pid].interesting:
                yield process

    def _others(self, wanted: Mapping[int, Wanted]) -> list[Process]:
        """Return all other processes, likely owners first: same namespace and user, same namespace, the rest."""
        pairs = {_pair(wanted[inode]) for inode in self._missing}
        spaces = {netns for netns, _uid in pairs}
        tiers: tuple[list[Process], ...] = ([], [], [])
        for process in self.processes if pairs else ():
            if process.exe != "" and process.state not in "ZX" and process.pid not in self._asked:
                likely = 0 if (process.netns, process.uid) in pairs else 1 if process.netns in spaces else 2
                tiers[likely].append(process)
        return [process for tier in tiers for process in tier]

    def _ask(self, process: Process, longest: int | None = None) -> bool:
        """Read what one process holds; False when its table is longer than `longest`, and it was not asked."""
        if process.pid in self._asked:
            return True
        try:
            read = descriptors_up_to(self.host, process, self.budget, self.budget if longest is None else longest)
        except BudgetExceeded:
            read = None
        except PermissionError:
            self.denied += 1
            self._hiding.add((process.netns, process.uid))
            read = Descriptors()
        except OSError:
            read = Descriptors()
        if read is None and longest is not None:
            return False
        self._asked.add(process.pid)
        self.spent = self.spent or read is None
        held = read.sockets & self.found.keys() if read else frozenset()
        for inode in held:
            if process not in self.found[inode]:
                self.found[inode].append(process)
        if held:
            self._holding[process.pid] = process
            self._missing -= held
        return True

    def _ask_relatives(self) -> None:
        """Ask parents and children of the holders, and on from those that hold something too."""
        by_pid = {process.pid: process for process in self.processes}
        children: defaultdict[int, list[Process]] = defaultdict(list)
        for process in self.processes:
            children[process.ppid].append(process)
        queue = list(self._holding.values())
        while queue:
            holder = queue.pop()
            # Init hands sockets to services; its children are everybody, so only the interesting ones were asked.
            near = [] if holder.pid == _INIT else [*children[holder.pid], by_pid.get(holder.ppid)]
            for relative in near:
                if relative is not None and relative.pid not in self._asked and relative.exe != "":
                    self._ask(relative)
                    if relative.pid in self._holding:
                        queue.append(relative)


def _pair(wanted: Wanted) -> tuple[int | None, int]:
    """Return what an owner most likely has in common with its socket."""
    return wanted.netns, wanted.uid


def order_of_holders(holders: Sequence[Process]) -> tuple[int, ...]:
    """Return pids, the earliest started first; init last, for it only hands sockets on."""
    if len(holders) == 1:
        return (holders[0].pid,)
    return tuple(p.pid for p in sorted(holders, key=lambda p: (p.pid == _INIT, p.start_ticks, p.pid)))
