"""Look into other network namespaces: a thread of its own goes there, asks, and ends; no other thread ever moves."""

from __future__ import annotations

import ctypes
import errno
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from aiguard_agent.collect.procnet import Listening
from aiguard_agent.collect.sockdiag import dump_tcp, dump_unix, open_diag

_CLONE_NEWNET = 0x40000000
SECONDS = 20.0
"""How long all namespaces together may take; one that is left over was not looked at."""

# os.setns came with Python 3.12.
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """All listening sockets of one namespace, or why they could not be listed."""

    tcp: tuple[Listening, ...] = ()
    unix: tuple[Listening, ...] = ()
    error: OSError | None = None


def dump_here() -> Dump:
    """List the listening sockets of this thread's namespace."""
    try:
        with open_diag() as diag:
            tcp = dump_tcp(diag)
            try:
                return Dump(tcp=tcp, unix=dump_unix(diag))
            except OSError:
                return Dump(tcp=tcp)  # a kernel without UNIX_DIAG: the TCP half is what counts
    except OSError as error:
        return Dump(error=error)


def dump_inside(links: Mapping[int, str]) -> dict[int, Dump]:
    """List the listening sockets of several namespaces, given inode -> path of a namespace link.

    One short-lived thread visits them all. What it did not reach in time has a TimeoutError.
    """
    dumps: dict[int, Dump] = {}
    if not links:
        return dumps
    stop = threading.Event()
    visitor = threading.Thread(target=_visit, args=(dict(links), dumps, stop), name="aiguard-netns", daemon=True)
    visitor.start()
    visitor.join(SECONDS)
    stop.set()
    reached = dict(dumps)
    late = TimeoutError(errno.ETIMEDOUT, "no time left to enter it")
    return {inode: reached.get(inode, Dump(error=late)) for inode in links}


def _visit(links: dict[int, str], dumps: dict[int, Dump], stop: threading.Event) -> None:
    """Body of the visiting thread."""
    for inode, path in links.items():
        if stop.is_set():
            return
        try:
            enter(path, inode)
            dumps[inode] = dump_here()
        except OSError as error:
            dumps[inode] = Dump(error=error)


def enter(path: str, inode: int) -> None:
    """Move the calling thread into the network namespace behind `path`; for threads that end soon after.

    Raises OSError, ESTALE when the link leads to another namespace than expected (the pid was used again).
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if os.fstat(fd).st_ino != inode:
            raise OSError(errno.ESTALE, "namespace changed", path)
        if _libc.setns(fd, _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)
    finally:
        os.close(fd)
