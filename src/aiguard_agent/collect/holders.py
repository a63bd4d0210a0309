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

    def run(self, wanted: Mapping[int, Wanted]) -> None:
        """Find the holders of every wanted inode, from memory where it still holds true."""
        self.found = {inode: [] for inode in wanted}
        missing = self._recall(wanted)
        if not missing and not self._asked:
            return
        for process in self._interesting(missing):
            self._ask(process)
        for process in self._others(wanted, missing):
            if not any(wanted[inode].widen and not self.found[inode] for inode in missing):
                break
            self._ask(process)
        self._ask_relatives()
        kept = self.host.memory.holders
        kept.clear()
        kept.update((inode, tuple(map(identity_of, holders))) for inode, holders in self.found.items())

    def _recall(self, wanted: Mapping[int, Wanted]) -> set[int]:
        """Fill in the holders that are remembered and alive; return the inodes that must be searched.

        A thorough pass asks the remembered holders again, and searches again for what was searched in vain.
        """
        memory = self.host.memory
        living = {identity_of(process): process for process in self.processes}
        for inode in wanted:
            for process in (living[key] for key in memory.holders.get(inode, ()) if key in living):
                if memory.thorough:
                    self._ask(process)
                else:
                    self.found[inode].append(process)
        vain = set() if memory.thorough else {inode for inode, kept in memory.holders.items() if not kept}
        return {inode for inode in wanted if not self.found[inode] and inode not in vain}

    def _interesting(self, missing: set[int]) -> Iterator[Process]:
        """Yield the processes that deserve a deep look anyway."""
        known = self.host.memory.known
        for process in self.processes if missing else ():
            if process.pid in known and known[process.pid].interesting:
                yield process

    def _others(self, wanted: Mapping[int, Wanted], missing: set[int]) -> Iterator[Process]:
        """Yield all other processes, likely owners first: same namespace and user, same namespace, the rest.

        Among equals, those with few descriptors come first, for they cost little (st_size, Linux >= 6.2).
        """
        pairs = {(wanted[inode].netns, wanted[inode].uid) for inode in missing if wanted[inode].widen}
        spaces = {netns for netns, _uid in pairs}
        tiers: tuple[list[Process], ...] = ([], [], [])
        for process in self.processes:
            if process.exe == "" or process.state in "ZX" or process.pid in self._asked:
                continue
            likely = 0 if (process.netns, process.uid) in pairs else 1 if process.netns in spaces else 2
            tiers[likely].append(process)
        for tier in tiers:
            yield from sorted(tier, key=lambda process: (_count(self.host, process.pid), process.pid))

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
            return False
        except OSError:
            return False
        for inode in held:
            if process not in self.found[inode]:
                self.found[inode].append(process)
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


def _count(host: Host, pid: int) -> int:
    """Return about how many descriptors a process has; 0 when the kernel does not say."""
    try:
        return host.lstat(f"/proc/{pid}/fd").st_size
    except OSError:
        return 0


def order_of_holders(holders: Sequence[Process]) -> tuple[int, ...]:
    """Return pids, the earliest started first; init last, for it only hands sockets on."""
    return tuple(p.pid for p in sorted(holders, key=lambda p: (p.pid == _INIT, p.start_ticks, p.pid)))
