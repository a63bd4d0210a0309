"""What tells that a file of the configuration changed, without reading it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

Stamp = Mapping[str, tuple[int, int, int]]
"""Name -> (inode, size, mtime) of each file that is there."""


def stamp_of(names: Iterable[str]) -> Stamp:
    """Look at each of the files, or folders."""
    found = {}
    for name in names:
        try:
            stat = Path(name).stat()
        except OSError:
            continue
        found[name] = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
    return found


def carried(before: Stamp, after: Stamp) -> Stamp:
    """Return the stamp of the files as they are now, those known before as they were before they were read.

    A file that changed while it was read is thus read once more, one that is new to us is not.
    """
    return {name: before.get(name, now) for name, now in after.items()}
