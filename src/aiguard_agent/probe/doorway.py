"""Get to where a target listens: its network namespace, or its unix socket below its own root.

Both go through `/proc/PID`, so both re-check that the pid is still the process we mean.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Callable
from pathlib import Path

from aiguard_agent.core.probing import Target

CLONE_NEWNET = 0x40000000
_SYS_OPENAT2 = 437  # the same number on every architecture; Python has no binding
_RESOLVE_IN_ROOT_NO_MAGIC = 0x10 | 0x02

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def own_namespace() -> int | None:
    """Return the inode of the calling thread's network namespace, None when the host hides it."""
    try:
        return Path("/proc/thread-self/ns/net").stat().st_ino
    except OSError:
        return None


def enter_namespace(target: Target, pid_alive: Callable[[Target], bool]) -> None:
    """Move the *calling thread* into the target's network namespace, for good: the thread must end soon after.

    Raises OSError: EPERM without CAP_SYS_ADMIN, ESRCH when the process is gone or lives elsewhere by now.
    """
    fd = os.open(f"/proc/{target.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        # Checked with the descriptor in hand: from here on it cannot become another namespace.
        if os.fstat(fd).st_ino != target.netns or not pid_alive(target):
            raise OSError(errno.ESRCH, "the process is not the one that was seen")
        if _libc.setns(fd, CLONE_NEWNET) != 0:
            raise _last_error("setns")
    finally:
        os.close(fd)


def open_socket_file(target: Target, pid_alive: Callable[[Target], bool]) -> int:
    """Return an O_PATH descriptor of the target's unix socket, links taken inside the target's own root.

    A container may otherwise point the name at a socket of the host. Connect to `/proc/self/fd/N` and close it.
    """
    root = os.open(f"/proc/{target.pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if not pid_alive(target):
            raise OSError(errno.ESRCH, "the process is not the one that was seen")
        how = struct.pack("=QQQ", os.O_PATH | os.O_CLOEXEC, 0, _RESOLVE_IN_ROOT_NO_MAGIC)
        fd = int(_libc.syscall(_SYS_OPENAT2, root, os.fsencode(target.address), how, len(how)))
    finally:
        os.close(root)
    if fd < 0:
        raise _last_error(target.address)
    if not stat.S_ISSOCK(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.ENOTSOCK, "not a socket", target.address)
    return fd


def _last_error(what: str) -> OSError:
    number = ctypes.get_errno() or errno.EIO
    return OSError(number, os.strerror(number), what)
