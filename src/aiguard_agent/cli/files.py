"""Write the files that somebody asked for: whole or not at all, and through no link that somebody else put there."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MODE = 0o666
"""Of a new file, less the umask."""


def write_file(path: Path, data: bytes) -> None:
    """Put data in place of a file in one step, keeping its mode and owner; raises OSError, and leaves the old one then.

    A pipe, a device or what stands in a folder where no other file may be made is written as it is.
    """
    try:
        old = path.lstat()
    except FileNotFoundError:
        old = None
    if old is not None and not (stat.S_ISREG(old.st_mode) or stat.S_ISLNK(old.st_mode)):
        with path.open("wb", buffering=0) as stream:
            stream.write(data)
        return
    keep = old if old is not None and stat.S_ISREG(old.st_mode) else None
    draft = path.with_name(f".{path.name[:200]}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        descriptor = os.open(draft, _NEW, stat.S_IMODE(keep.st_mode) if keep else _MODE)
    except PermissionError:
        if keep is None:
            raise
        _overwrite(path, data)
        return
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            if keep is not None:
                os.fchmod(descriptor, stat.S_IMODE(keep.st_mode))
                with suppress(PermissionError):
                    os.fchown(descriptor, keep.st_uid, keep.st_gid)
            os.fsync(descriptor)
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise


def _overwrite(path: Path, data: bytes) -> None:
    """Write over a file in a folder that is not ours to change."""
    descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
