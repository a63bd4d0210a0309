"""Read the descriptor links of one process, once per pass, on a shared budget."""

from __future__ import annotations

import os

from aiguard_agent.collect.host import Host
from aiguard_agent.collect.memory import Descriptors, identity_of
from aiguard_agent.core.facts import Process
from aiguard_agent.errors import BudgetExceeded

_SOCKET = "socket:["


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
    folder = os.open(host.at(f"/proc/{pid}/fd"), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        names = os.listdir(folder)
        if len(names) > longest:
            return None
        if host.memory.links_read + len(names) > budget:
            raise BudgetExceeded(f"budget of {budget} descriptor links is spent")
        host.memory.links_read += len(names)
        return _sorted(folder, names)
    finally:
        os.close(folder)


def _sorted(folder: int, names: list[str]) -> Descriptors:
    """Read the links of an open folder and tell sockets from files."""
    sockets: set[int] = set()
    files: list[tuple[int, str]] = []
    for name in names:
        try:
            target = os.readlink(name, dir_fd=folder)
        except FileNotFoundError:
            continue
        if target.startswith("/"):
            files.append((int(name) if name.isdecimal() else -1, target))
        elif target.startswith(_SOCKET):
            sockets.add(_inode(target))
    return Descriptors(sockets=frozenset(sockets), files=tuple(files))


def _inode(target: str) -> int:
    """Return N of `socket:[N]`; -1 when a recorded host says something else."""
    digits = target[len(_SOCKET) : -1]
    return int(digits) if digits.isascii() and digits.isdecimal() else -1
