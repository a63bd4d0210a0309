"""Which processes live in which network namespace, kept up to date with few looks; and a way into each.

A namespace is known by the inode of its link. Without SYS_PTRACE the link of another user's process cannot be
looked at; then the inode of /proc/PID/net/tcp tells namespaces apart as well (kept as a negative number, for it is
not the namespace's own).
"""

from __future__ import annotations

import ctypes
import errno
import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiguard_agent.watch.diag import Table, open_diag

VERIFY_EVERY = 12
"""Every how many sweeps the namespace of every process is looked at again: one may move without an exec."""
_CLONE_NEWNET = 0x40000000

# os.setns came with Python 3.12.
_libc = ctypes.CDLL(None, use_errno=True)


def own_namespace() -> int:
    """Return the namespace of this thread."""
    return Path("/proc/thread-self/ns/net").stat().st_ino


def by_text(pid: int | str) -> int:
    """Return the number that stands for the namespace of a process whose link is denied; raises OSError."""
    return -Path(f"/proc/{pid}/net/tcp").stat().st_ino


def namespace_of(pid: int) -> int | None:
    """Return the namespace of a process, or None when the process is gone or hidden."""
    try:
        return Path(f"/proc/{pid}/ns/net").stat().st_ino
    except PermissionError:
        pass
    except OSError:
        return None
    try:
        return by_text(pid)
    except OSError:
        return None


class Members:
    """Processes by namespace."""

    def __init__(self, own: int, own_by_text: int) -> None:
        self._own, self._own_by_text = own, own_by_text
        self.of: dict[int, int] = {}
        """pid -> namespace."""
        self.pids: dict[int, set[int]] = {}
        """namespace -> pids; never empty."""
        self._sweeps = 0

    def moved(self, pid: int) -> int | None:
        """Look where a process is now; return its namespace, None when it is gone."""
        namespace = namespace_of(pid)
        if namespace == self._own_by_text:
            namespace = self._own
        if namespace != self.of.get(pid):
            self.left(pid)
            if namespace is not None:
                self.of[pid] = namespace
                self.pids.setdefault(namespace, set()).add(pid)
        return namespace

    def left(self, pid: int) -> bool:
        """Forget a process; tell whether it was the last one known of its namespace."""
        namespace = self.of.pop(pid, None)
        if namespace is None:
            return False
        others = self.pids[namespace]
        others.discard(pid)
        if not others:
            del self.pids[namespace]
        return not others

    def sweep(self, living: Iterable[int]) -> None:
        """Compare with the processes that live now; only the new ones are looked at, all of them every so often."""
        now = set(living)
        for pid in self.of.keys() - now:
            self.left(pid)
        for pid in now if self._sweeps % VERIFY_EVERY == 0 else now - self.of.keys():
            self.moved(pid)
        self._sweeps += 1


@dataclass(frozen=True, slots=True)
class Opened:
    """What came of trying to enter one namespace."""

    namespace: int
    table: Table | None = None
    error: OSError | None = None


class Doors:
    """Opens sockets inside namespaces: a thread of its own goes there and ends; no other thread ever moves."""

    def __init__(self) -> None:
        self._done: list[Opened] = []
        self._thread: threading.Thread | None = None
        self._stop = False

    @property
    def busy(self) -> bool:
        """True while a thread is under way."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def idle(self) -> bool:
        """True when nothing is under way and nothing waits to be fetched."""
        return not self.busy and not self._done

    def open(self, wanted: Sequence[tuple[int, int]]) -> None:
        """Begin to open these (namespace, pid of a member); only while idle, or one would be opened twice."""
        self._thread = threading.Thread(target=self._visit, args=(tuple(wanted),), name="aiguard-doors", daemon=True)
        self._thread.start()

    def opened(self) -> list[Opened]:
        """Return what was opened, or was not, since the last call."""
        if self.busy:
            return []
        done, self._done = self._done, []
        return done

    def close(self) -> None:
        """End the thread and close what nobody fetched."""
        self._stop = True
        if self._thread is not None:
            self._thread.join()
        for one in self._done:
            if one.table is not None:
                one.table.close()
        self._done = []

    def _visit(self, wanted: tuple[tuple[int, int], ...]) -> None:
        """Body of the thread."""
        for namespace, pid in wanted:
            if self._stop:
                return
            try:
                enter(pid, namespace)
                self._done.append(Opened(namespace, table=Table(open_diag())))
            except OSError as error:
                self._done.append(Opened(namespace, error=error))


def enter(pid: int, namespace: int) -> None:
    """Move the calling thread into the namespace of a process; for threads that end soon after.

    Raises OSError, ESTALE when the process lives elsewhere by now (the pid was used again).
    """
    path = f"/proc/{pid}/ns/net"
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if os.fstat(fd).st_ino != namespace:
            raise OSError(errno.ESTALE, "namespace changed", path)
        if _libc.setns(fd, _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)
    finally:
        os.close(fd)
