"""The few fanotify calls that notification needs, and what a read returns; native byte order:

    event       u32 length @0, u8 version, u8 reserved, u16 metadata length, u64 mask @8, i32 fd @16, i32 pid @20
    records     from the metadata's length to the event's: u8 type, u8 pad, u16 length, then for DFID_NAME (2)
                8 bytes filesystem id, u32 handle bytes, i32 handle type, handle, name with a zero at its end

(include/uapi/linux/fanotify.h)
"""

from __future__ import annotations

import ctypes
import os
import struct
from dataclasses import dataclass

from aiguard_agent.core.hint import Hint, HintKind

NAME = "fanotify_files"
CLOSE_WRITE, MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x8, 0x40, 0x80, 0x100, 0x200
Q_OVERFLOW, ONDIR = 0x4000, 0x40000000
WANTED = CLOSE_WRITE | MOVED_FROM | MOVED_TO | CREATE | DELETE | ONDIR
_INIT = 0x1 | 0x2 | 0x400 | 0x800
"""CLOEXEC, NONBLOCK, REPORT_DIR_FID, REPORT_NAME."""
_ADD_FILESYSTEM = 0x1 | 0x100
_DFID_NAME = 2
_EVENT = struct.Struct("=IBBHQii")
_AT_FDCWD = -100
_LONGEST_HANDLE = 128

_libc = ctypes.CDLL(None, use_errno=True)
_libc.fanotify_init.argtypes = (ctypes.c_uint, ctypes.c_uint)
_libc.fanotify_mark.argtypes = (ctypes.c_int, ctypes.c_uint, ctypes.c_uint64, ctypes.c_int, ctypes.c_char_p)
_libc.open_by_handle_at.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int)


@dataclass(frozen=True, slots=True)
class Change:
    """Something happened to one name of one directory."""

    mask: int
    filesystem: bytes = b""
    handle: bytes = b""
    """Handle of the directory, as `open_by_handle_at` takes it."""
    name: bytes = b""


def open_group() -> int:
    """Return a descriptor that notifies; raises OSError."""
    return _checked(_libc.fanotify_init(_INIT, os.O_RDONLY | os.O_CLOEXEC), "fanotify_init")


def mark_filesystem(group: int, path: str, mask: int = WANTED) -> None:
    """Watch the whole filesystem that `path` lies on; raises OSError (EXDEV, EOPNOTSUPP: it has no handles)."""
    _checked(_libc.fanotify_mark(group, _ADD_FILESYSTEM, mask, _AT_FDCWD, os.fsencode(path)), path)


def path_of(mount: int, handle: bytes) -> str:
    """Return where the directory of a handle lies now; raises OSError (ESTALE when it is gone)."""
    flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
    fd = _checked(_libc.open_by_handle_at(mount, handle, flags), "open_by_handle_at")
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    finally:
        os.close(fd)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result


def changes_of(buffer: bytes) -> list[Change]:
    """Return what one read tells; ends where the bytes make no sense any more."""
    changes: list[Change] = []
    at = 0
    while at + _EVENT.size <= len(buffer):
        length, _version, _reserved, metadata, mask, _fd, _pid = _EVENT.unpack_from(buffer, at)
        if length < _EVENT.size or metadata < _EVENT.size or at + length > len(buffer):
            break
        if mask & Q_OVERFLOW:
            changes.append(Change(Q_OVERFLOW))
        else:
            changes += _named(buffer[at + metadata : at + length], mask)
        at += length
    return changes


def _named(records: bytes, mask: int) -> list[Change]:
    """Read the records of one event: those with a directory and a name."""
    found: list[Change] = []
    at = 0
    while at + 4 <= len(records):
        kind, _pad, length = struct.unpack_from("=BBH", records, at)
        record = records[at : at + length]
        if length < 4:
            break
        if kind == _DFID_NAME and len(record) >= 20:
            size = struct.unpack_from("=I", record, 12)[0]
            if size <= _LONGEST_HANDLE and 20 + size <= len(record):
                name = record[20 + size :].partition(b"\0")[0]
                found.append(Change(mask, record[4:12], record[12 : 20 + size], name))
        at += length
    return found


def gone(change: Change) -> bool:
    """Tell whether all that is known is that the name is no more; after a merge of events it may be back."""
    return not change.mask & (CLOSE_WRITE | MOVED_TO | CREATE)


def hint_of(change: Change, path: str, now: float) -> Hint:
    """Return the hint of one change at a path that was found out."""
    lost = gone(change)
    return Hint(source=NAME, kind=HintKind.FILE, subject=f"{path} gone" if lost else path, at=now, gone=lost, path=path)


def overflow(now: float) -> Hint:
    """Return the hint that the kernel's queue ran over."""
    return Hint(source=NAME, kind=HintKind.LOST, subject="fanotify: the kernel's queue ran over", at=now)


def parse(buffer: bytes, now: float) -> tuple[Hint, ...]:
    """Return what one read hints at, by bare names: only an open source can say where they lie."""
    changes = changes_of(buffer)
    return tuple(overflow(now) if c.mask & Q_OVERFLOW else hint_of(c, os.fsdecode(c.name), now) for c in changes)
