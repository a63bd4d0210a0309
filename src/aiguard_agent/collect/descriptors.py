"""Read the descriptor links of one process, once per pass, on a shared budget."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from aiguard_agent.collect.foreign import open_path
from aiguard_agent.collect.host import Host
from aiguard_agent.collect.memory import Descriptors, identity_of
from aiguard_agent.core.facts import Process
from aiguard_agent.errors import BudgetExceeded

_SOCKET = "socket:["
_FEW = 4
_FIRST_NAMES = tuple(map(str, range(_FEW)))


def descriptors_of(host: Host, process: Process, budget: int) -> Descriptors:
    """Return what a process holds open; read at most once per pass.

    `budget` is Options.descriptors: the links that all collectors of one pass may read together. Raises
    BudgetExceeded when it is spent, and OSError when the process is gone or not ours to see (the kernel may list
    the numbers and still refuse the links).
    """
    found = descriptors_up_to(host, process, budget, budget)
    if found is None:
        raise BudgetExceeded(f"budget of {budget} descriptor links is spent")
    return found


def descriptors_up_to(host: Host, process: Process, budget: int, longest: int) -> Descriptors | None:
    """As `descriptors_of`, but None for a process that holds more than `longest`."""
    key = identity_of(process)
    kept = host.memory.descriptors.get(key)
    if kept is None:
        kept = _read(host, process.pid, budget, longest)
        if kept is not None:
            host.memory.descriptors[key] = kept
    return kept


def _read(host: Host, pid: int, budget: int, longest: int) -> Descriptors | None:
    """Read all links; one that closes under our hands is skipped."""
    few = _few(host, pid) if host.live and host.memory.links_read + _FEW <= budget and longest >= _FEW else None
    if few is not None:
        host.memory.links_read += len(few)
        return _sorted(few)
    folder = open_path(host, f"/proc/{pid}/fd", flags=os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        names = os.listdir(folder)
        if len(names) > longest:
            return None
        if host.memory.links_read + len(names) > budget:
            raise BudgetExceeded(f"budget of {budget} descriptor links is spent")
        host.memory.links_read += len(names)
        return _sorted(_links(folder, names))
    finally:
        os.close(folder)


def _few(host: Host, pid: int) -> list[tuple[str, str]] | None:
    """Return the links of a process that holds its first few descriptors and no others; None = it is not such a one.

    Half of all processes are. The kernel says how many there are (Linux >= 6.2; 0 before that), so when every number
    below the count leads somewhere, those are all, and the folder need not be listed.
    """
    folder = f"/proc/{pid}/fd"
    count = os.stat(folder).st_size  # noqa: PTH116 - one of thousands
    if not 0 < count <= _FEW:
        return None
    try:
        return [(name, os.readlink(f"{folder}/{name}")) for name in _FIRST_NAMES[:count]]
    except FileNotFoundError:
        return None


def _links(folder: int, names: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (number, target) of the links in an open folder."""
    readlink = os.readlink
    for name in names:
        try:
            yield name, readlink(name, dir_fd=folder)
        except FileNotFoundError:
            continue


def _sorted(links: Iterable[tuple[str, str]]) -> Descriptors:
    """Tell sockets from files."""
    sockets: set[int] = set()
    files: list[tuple[int, str]] = []
    for name, target in links:
        if target.startswith("/"):
            files.append((int(name) if name.isdecimal() else -1, target))
        elif target.startswith(_SOCKET):
            sockets.add(_inode(target))
    return Descriptors(sockets=frozenset(sockets), files=tuple(files))


def count_of(host: Host, pid: int) -> int:
    """Return how many descriptors a process holds; raises OSError."""
    path = f"/proc/{pid}/fd"
    # Before Linux 6.2 the folder had no size, and a recorded one has a size that means something else.
    return (os.stat(path).st_size if host.live else 0) or len(host.names(path))  # noqa: PTH116


def _inode(target: str) -> int:
    """Return N of `socket:[N]`; -1 when a recorded host says something else."""
    digits = target[len(_SOCKET) : -1]
    return int(digits) if digits.isascii() and digits.isdecimal() else -1
