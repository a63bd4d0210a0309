"""The host, or a folder that stands in for it: every path we read goes through here, bounded.

A recorded host (`--root DIR`) is a folder with `proc/`, `sys/`, `etc/`, … in it. What only a live kernel can tell
(sock_diag, NVML, setns) is then not asked; collectors fall back to the text files of /proc.
Paths are handed in as a process of the host would write them ("/proc/1/stat").
"""

from __future__ import annotations

import errno
import os
import stat
from itertools import islice
from pathlib import Path

from aiguard_agent.collect.memory import Memory
from aiguard_agent.collect.openat2 import open_in_root
from aiguard_agent.core.facts import Blind, BlindKind
from aiguard_agent.core.reader import HEADER_BUDGET
from aiguard_agent.errors import BudgetExceeded

TEXT_LIMIT = 1 << 20
"""Bytes read of one small text file at most."""
MOST_NAMES = 200_000
"""Names taken of one folder at most, but for /proc, which the kernel fills."""
_LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_FIRST = 4096
_CHUNK = 1 << 16


class Host:
    """Bounded, read-only access to one host. Never follows a link out of the root, never opens FIFOs or devices."""

    def __init__(self, root: str | Path = "/") -> None:
        self.root = Path(root).resolve()
        self.live = self.root == Path("/")
        self._prefix = "" if self.live else str(self.root)
        self.memory = Memory()

    def at(self, path: str) -> str:
        """Return where `path` of the host lies on this machine (textually; `open_file` guards the links)."""
        return self._prefix + path if self._prefix else path

    def text(self, path: str, limit: int = TEXT_LIMIT) -> str:
        """Return up to `limit` bytes of a small file as text; undecodable bytes survive as surrogate escapes."""
        return self.data(path, limit).decode("utf-8", "surrogateescape")

    def data(self, path: str, limit: int = TEXT_LIMIT, *, inside: str = "") -> bytes:
        """Return up to `limit` bytes of a small file; raises OSError (ELOOP for a link, EINVAL for a non-file).

        `inside` is a foreign root (/proc/PID/root): `path` and every link on the way are then taken inside it.
        """
        fd = self._open(path, inside)
        try:
            return _read_on(fd, limit)
        finally:
            os.close(fd)

    def proc(self, pid: int, name: str, limit: int = TEXT_LIMIT) -> bytes:
        """Return up to `limit` bytes of a kernel-made file of one process; `name` is a constant of ours.

        The short way for sweeps: the live kernel has no links or devices there, so nothing needs to be checked. Only
        for files that the kernel makes in one piece (stat, cmdline, cgroup, environ, status), where a short read is
        the end; not for maps.
        """
        if not self.live:
            return self.data(f"/proc/{pid}/{name}", limit)
        fd = os.open(f"/proc/{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            first = os.read(fd, _FIRST if limit > _FIRST else limit)
            return first if len(first) < _FIRST else first + _read_on(fd, limit - len(first))
        finally:
            os.close(fd)

    def link(self, path: str) -> str:
        """Return the target of a symbolic link, as written."""
        if not self._prefix:
            return os.readlink(path)
        fd = open_in_root(self._prefix, path, _LOOK)
        try:
            return os.readlink("", dir_fd=fd)
        finally:
            os.close(fd)

    def names(self, path: str) -> list[str]:
        """Return the entry names of a directory, unsorted; raises OSError."""
        if self._prefix:
            return self.names_in("/", path)
        return os.listdir(path) if path.startswith("/proc") else _names(path)

    def lstat(self, path: str) -> os.stat_result:
        """Stat without following a last link."""
        if not self._prefix:
            return os.lstat(path)
        fd = open_in_root(self._prefix, path, _LOOK)
        try:
            return os.fstat(fd)
        finally:
            os.close(fd)

    def exists(self, path: str) -> bool:
        """Tell whether the path itself exists, a dangling link included; unreadable counts as absent."""
        try:
            self.lstat(path)
        except (OSError, ValueError):
            return False
        return True

    def resolve(self, path: str, *, within: str = "/", known: str = "") -> str | None:
        """Return the host path behind all links of `path`, or None when it leaves `within`, loops or is absent.

        Absolute link targets are taken as the host writes them, so a recorded host stays closed in itself. `known` is
        a folder that `path` begins with and that is free of links already.
        """
        seen = 0
        done = known if known and path.startswith(f"{known}/") else ""
        parts = [p for p in path[len(done) :].split("/") if p not in ("", ".")][::-1]
        while parts:
            part = parts.pop()
            if part == "..":
                done = done.rpartition("/")[0]
                continue
            here = f"{done}/{part}"
            try:
                mode = self.lstat(here).st_mode
                if not stat.S_ISLNK(mode):
                    done = here
                    continue
                target = self.link(here)
            except (OSError, ValueError):
                return None
            seen += 1
            if seen > 40:
                return None
            if target.startswith("/"):
                done = ""
            parts += [p for p in target.split("/") if p not in ("", ".")][::-1]
        done = done or "/"
        top = within.rstrip("/")
        return done if done == top or done.startswith(f"{top}/") else None

    def reader(self, path: str, budget: int = HEADER_BUDGET, *, inside: str = "") -> FileReader:
        """Open a regular file for bounded reading; the caller closes it (it is a context manager)."""
        return FileReader(self._open(path, inside), budget)

    def names_in(self, inside: str, path: str) -> list[str]:
        """Return the entry names of a directory of a foreign root, links taken inside that root; raises OSError."""
        fd = open_in_root(self.at(inside), path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            return _names(fd)
        finally:
            os.close(fd)

    def _open(self, path: str, inside: str = "") -> int:
        """Open a regular file without blocking and without changing its access time.

        Looked at before it is opened: to open a device can start it, rewind it or end it (a watchdog restarts the
        host), and to open a FIFO wakes who waits there. What was looked at is what is opened, whatever its name
        leads to by then. On the live host a last link is refused; in a recorded or foreign root links are taken
        inside that root.
        """
        root = self.at(inside) if inside else self._prefix
        if not root and path.startswith("/proc/") and "/root/" not in path:
            return os.open(path, _READ | os.O_NOFOLLOW)  # made by the kernel: nothing else lies there
        looked = open_in_root(root, path, os.O_PATH | os.O_CLOEXEC) if root else os.open(path, _LOOK)
        try:
            mode = os.fstat(looked).st_mode
            if not stat.S_ISREG(mode):
                if stat.S_ISLNK(mode):
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                raise OSError(errno.EINVAL, "not a regular file", path)
            return _opened(looked)
        finally:
            os.close(looked)


def _names(folder: str | int) -> list[str]:
    """List a folder, the first MOST_NAMES of it: anybody can make one with millions."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in islice(entries, MOST_NAMES)]


def _opened(looked: int) -> int:
    """Open for reading what a descriptor stands for."""
    try:
        return os.open(f"/proc/self/fd/{looked}", _READ | os.O_NOATIME)
    except PermissionError:  # NOATIME is refused to those who do not own the file
        return os.open(f"/proc/self/fd/{looked}", _READ)


class FileReader:
    """A `core.reader.Reader` over one open file."""

    def __init__(self, fd: int, budget: int) -> None:
        self._fd = fd
        self._budget = budget
        self._spent = 0
        self.stat = os.fstat(fd)

    @property
    def size(self) -> int:
        """Size of the whole file in bytes, as it was when opened."""
        return self.stat.st_size

    @property
    def spent(self) -> int:
        """Bytes read so far."""
        return self._spent

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`; raises BudgetExceeded before reading too much, or OSError."""
        if offset < 0 or length < 0:
            raise ValueError("offset and length are not negative")
        wanted = min(length, max(0, self.size - offset))
        if self._spent + wanted > self._budget:
            raise BudgetExceeded(f"budget of {self._budget} bytes is spent")
        chunks: list[bytes] = []
        while wanted > 0 and (chunk := os.pread(self._fd, wanted, offset)):
            chunks.append(chunk)
            offset += len(chunk)
            wanted -= len(chunk)
            self._spent += len(chunk)
        return b"".join(chunks)

    def forget(self, length: int) -> None:
        """Tell the kernel that the first `length` bytes were read once and are not needed again (page cache)."""
        os.posix_fadvise(self._fd, 0, length, os.POSIX_FADV_DONTNEED)

    def changed(self) -> bool:
        """Tell whether the file was written to since it was opened."""
        now, then = os.fstat(self._fd), self.stat
        return (now.st_size, now.st_mtime_ns, now.st_ctime_ns) != (then.st_size, then.st_mtime_ns, then.st_ctime_ns)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def __enter__(self) -> FileReader:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


def _read_on(fd: int, limit: int) -> bytes:
    """Read to the end or to the limit, whichever comes first."""
    chunks: list[bytes] = []
    while limit > 0 and (chunk := os.read(fd, min(limit, _CHUNK))):
        chunks.append(chunk)
        limit -= len(chunk)
    return b"".join(chunks)


def blind_of(collector: str, subject: str, error: BaseException) -> Blind:
    """Turn an error into the Blind that tells it."""
    kind = BlindKind.ERROR
    if isinstance(error, PermissionError):
        kind = BlindKind.DENIED
    elif isinstance(error, FileNotFoundError | ProcessLookupError):
        kind = BlindKind.VANISHED
    elif isinstance(error, TimeoutError):
        kind = BlindKind.TIMEOUT
    elif isinstance(error, BudgetExceeded):
        kind = BlindKind.BUDGET
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
    return Blind(collector=collector, subject=subject, reason=reason, kind=kind)
