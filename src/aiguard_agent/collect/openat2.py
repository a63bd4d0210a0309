"""openat2(2) with RESOLVE_IN_ROOT: open a path so that no link of it, absolute or not, leaves a foreign root.

Python has no binding; the call number is 437 on every architecture (include/uapi/asm-generic/unistd.h).
struct open_how is three u64: flags, mode, resolve (include/uapi/linux/openat2.h, Linux >= 5.6).
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

_SYS_OPENAT2 = 437
_RESOLVE_NO_MAGICLINKS = 0x02
_RESOLVE_IN_ROOT = 0x10

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def open_in_root(root: str, path: str, flags: int) -> int:
    """Open `path` as a process whose root is `root` would, and return the descriptor.

    Magic links (/proc/PID/fd/N, /proc/PID/root) below the root are refused. Raises OSError; ENOSYS on Linux < 5.6.
    """
    root_fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        how = struct.pack("=QQQ", flags, 0, _RESOLVE_IN_ROOT | _RESOLVE_NO_MAGICLINKS)
        fd = int(_libc.syscall(_SYS_OPENAT2, root_fd, os.fsencode(path), how, len(how)))
        if fd < 0:
            number = ctypes.get_errno()
            raise OSError(number or errno.EIO, os.strerror(number), path)
        return fd
    finally:
        os.close(root_fd)
