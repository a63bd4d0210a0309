"""Who holds a socket: find the owners of inodes by reading as few descriptors as possible.

The kernel does not say which process owns a listening socket, only its inode and uid. So processes are asked in the
order in which they are likely to be the owner, until every socket has one or the budget is spent; then the relatives
of the owners, because pre-fork servers share their socket. What was found is remembered between passes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aiguard_agent.collect.descriptors import descriptors_of
from aiguard_agent.collect.host import Host
from aiguard_agent.collect.memory import identity_of
from aiguard_agent.core.facts import Process
from aiguard_agent.errors import BudgetExceeded

LONG_TABLE = 256
"""Descriptors beyond which a process is only asked when there is no better explanation for a socket."""
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
            self._keep()
        else:
            self.denied, self.spent = self.host.memory.search_denied, self.host.memory.search_spent

    def _keep(self) -> None:
        """Remember the answer for the next pass, and why some of it is missing."""
        memory = self.host.memory
        memory.holders = {inode: tuple(map(identity_of, holders)) for inode, holders in self.found.items()}
        memory.search_denied = self.denied
        memory.search_spent = self.spent

    def _widen(self, wanted: Mapping[int, Wanted]) -> None:
        """Ask the others until every socket has an owner.

        A socket that a process which hides from us explains (same namespace and user) is no reason to read long
        tables: those are asked for the sake of sockets that nobody explains.
        """
        for process, count in self._others(wanted):
            if not self._missing or self.spent:
                return
            if count > LONG_TABLE and all(_pair(wanted[inode]) in self._hiding for inode in self._missing):
                continue
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
        vain = set() if memory.search_spent else {inode for inode, kept in memory.holders.items() if not kept}
        return {inode for inode in wanted if not self.found[inode] and inode not in vain}

    def _interesting(self) -> Iterator[Process]:
        """Yield the processes that deserve a deep look anyway."""
        known = self.host.memory.known
        for process in self.processes:
            if process.pid in known and known[process.pid].interesting:
                yield process

    def _others(self, wanted: Mapping[int, Wanted]) -> Iterator[tuple[Process, int]]:
        """Yield all other processes with the length of their tables.

        Likely owners come first: same namespace and user, same namespace, the rest; among equals, those with few
        descriptors, for they cost little.
        """
        pairs = {_pair(wanted[inode]) for inode in self._missing}
        spaces = {netns for netns, _uid in pairs}
        tiers: tuple[list[tuple[int, int, Process]], ...] = ([], [], [])
        for process in self.processes if pairs else ():
            if process.exe == "" or process.state in "ZX" or process.pid in self._asked:
                continue
            likely = 0 if (process.netns, process.uid) in pairs else 1 if process.netns in spaces else 2
            tiers[likely].append((_count(self.host, process.pid), process.pid, process))
        for tier in tiers:
            for count, _pid, process in sorted(tier, key=lambda entry: entry[:2]):
                yield process, count

    def _ask(self, process: Process) -> bool:
        """Read what one process holds; tell whether it holds anything that is looked for."""
        if process.pid in self._asked:
            return any(process in holders for holders in self.found.values())
        self._asked.add(process.pid)
        try:
            held = descriptors_of(self.host, process, self.budget).sockets & self.found.keys()
        except BudgetExceeded:
            self.spent = True
            return False
        except PermissionError:
            self.denied += 1
            self._hiding.add((process.netns, process.uid))
            return False
        except OSError:
            return False
        for inode in held:
            if process not in self.found[inode]:
                self.found[inode].append(process)
        self._missing -= held
        return bool(held)

    def _ask_relatives(self) -> None:
        """Ask parents and children of the holders, and on from those that hold something too."""
        by_pid = {process.pid: process for process in self.processes}
        children: defaultdict[int, list[Process]] = defaultdict(list)
        for process in self.processes:
            children[process.ppid].append(process)
        found = {process.pid: process for holders in self.found.values() for process in holders}
        queue = [process for pid, process in found.items() if pid in self._asked]
        done = {process.pid for process in queue}
        while queue:
            holder = queue.pop()
            # Init hands sockets to services; its children are everybody, so only the interesting ones were asked.
            near = [] if holder.pid == _INIT else [*children[holder.pid], by_pid.get(holder.ppid)]
            for relative in near:
                if relative is not None and relative.pid not in done and relative.exe != "":
                    done.add(relative.pid)
                    if self._ask(relative):
                        queue.append(relative)


def _pair(wanted: Wanted) -> tuple[int | None, int]:
    """Return what an owner most likely has in common with its socket."""
    return wanted.netns, wanted.uid


def _count(host: Host, pid: int) -> int:
    """Return how many descriptors a process has; 0 when the kernel does not say (st_size tells it since Linux 6.2)."""
    try:
        return host.lstat(f"/proc/{pid}/fd").st_size
    except OSError:
        return 0


def order_of_holders(holders: Sequence[Process]) -> tuple[int, ...]:
    """Return pids, the earliest started first; init last, for it only hands sockets on."""
    if len(holders) == 1:
        return (holders[0].pid,)
    return tuple(p.pid for p in sorted(holders, key=lambda p: (p.pid == _INIT, p.start_ticks, p.pid)))
