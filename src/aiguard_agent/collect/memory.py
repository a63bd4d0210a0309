"""What one look remembers for the next: who is known already, and which descriptors were read in this pass.

A process is known by (pid, start_ticks), for pids are reused. A pass that remembers reads new processes only;
`Memory.thorough` says when the known ones are looked at again. Nothing here is a fact to report: facts are values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from aiguard_agent.core.facts import Blind, Listener, Namespace, Process

Identity = tuple[int, int]
"""(pid, start_ticks)."""

VERIFY_EVERY = 6
"""Every how many passes the stat of each known process is read again (pid reuse, exec), and the whole of the
interesting ones (they may write themselves a new title)."""


def identity_of(process: Process) -> Identity:
    """Return what makes a process itself."""
    return process.pid, process.start_ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptors:
    """The open descriptors of one process, as its /proc/PID/fd links name them."""

    sockets: frozenset[int] = frozenset()
    """Inodes of sockets."""
    files: tuple[tuple[int, str], ...] = ()
    """(descriptor, target as written) of everything that has a path: files, devices, `/memfd:…`, deleted ones."""


@dataclass(slots=True, kw_only=True)
class Known:
    """One process that was read before."""

    process: Process
    stamp: tuple[int, ...]
    """What changes when the process runs another program: see `procfs.Stat.stamp`."""
    interesting: bool = False
    blind: tuple[Blind, ...] = ()
    """What it did not show, though it matters: told in every pass."""
    settled: bool = False
    """False while it is young: between fork and exec a process still looks like its parent, so it is read again."""


@dataclass(slots=True, kw_only=True)
class Memory:
    """Held by one `Host`; empty before the first pass."""

    passes: int = 0
    boot_time: float = 0.0
    known: dict[int, Known] = field(default_factory=dict)
    judge: Callable[[Process], bool] | None = None
    """Who said what is interesting; when another judge comes, everybody is judged again."""
    users: dict[int, str] = field(default_factory=dict)
    plain: dict[bytes, tuple[str, ...]] = field(default_factory=dict)
    """Command lines that hide no secret, split: many processes share one. Kept while processes are read."""
    descriptors: dict[Identity, Descriptors] = field(default_factory=dict)
    """Read in this pass; ask `descriptors.descriptors_of`, which fills it."""
    links_read: int = 0
    """Descriptor links read in this pass, by all collectors together."""
    holders: dict[int, tuple[Identity, ...]] = field(default_factory=dict)
    """By inode of a listening socket: who held it; empty = searched in vain."""
    vain: dict[int, int] = field(default_factory=dict)
    """Inode -> passes that searched its holder everywhere, in vain."""
    holding: frozenset[Identity] = frozenset()
    """All of those."""
    sockets: object = None
    """All listening sockets of the last pass, to see whether anything changed."""
    listeners: tuple[Listener, ...] = ()
    search_denied: int = 0
    """Processes that did not show their descriptors when owners were last searched."""
    search_spent: bool = False
    """True when the last search ended because its budget was spent."""
    namespaces: dict[int, Namespace] = field(default_factory=dict)

    def begin(self) -> None:
        """Start a pass: forget what is true for one pass only."""
        self.passes += 1
        self.descriptors.clear()
        self.links_read = 0

    @property
    def thorough(self) -> bool:
        """True when this pass looks at the known ones again; the first pass is thorough."""
        return self.passes <= 1 or self.passes % VERIFY_EVERY == 0

    def cares(self, judge: Callable[[Process], bool], process: Process) -> bool:
        """Tell whether a process is interesting; judged once, when it was met, not again by every collector."""
        known = self.known.get(process.pid)
        if known is None or self.judge is not judge or known.process.start_ticks != process.start_ticks:
            return judge(process)
        return known.interesting

    def caring(self, judge: Callable[[Process], bool], processes: Iterable[Process]) -> list[Process]:
        """Return the interesting ones, as `cares` has it; most are ruled out by one look at what is known."""
        known = self.known.get if self.judge is judge else _nobody
        return [
            one for one in processes if ((met := known(one.pid)) is None or met.interesting) and self.cares(judge, one)
        ]

    def forget_all_but(self, living: Iterable[int]) -> None:
        """Drop every process whose pid is gone."""
        for pid in self.known.keys() - set(living):
            del self.known[pid]


def _nobody(_pid: int) -> Known | None:
    return None
