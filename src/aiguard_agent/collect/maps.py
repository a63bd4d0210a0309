"""Read /proc/PID/maps: which files a process maps, how far, and whether it may run them.

  7f3a5c000000-7f3a5e000000 r--p 00000000 fe:00 260850      /srv/llm/a.gguf
  start       -end          perm offset   device inode      path (a line feed in it is written \\012)
`maps` is cheap and does not stall the process; `smaps` walks its page tables and does, so it is never read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LIMIT = 8 << 20
"""Bytes of maps read of one process: about 80,000 mappings."""
MAX_PATHS = 4096
"""Distinct paths kept of one process."""
DELETED = " (deleted)"

_LINE = re.compile(rb"^([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) \S+ (\d+) +(/[^\n]*)$", re.MULTILINE)


@dataclass(slots=True, kw_only=True)
class Mapped:
    """All mappings of one file in one process."""

    path: str
    inode: int
    reach: int = 0
    """Bytes from its beginning to the end of the last mapping: its size at least, when all of it is mapped."""
    runs: bool = False
    """True when some mapping may be executed."""


def parse_maps(data: bytes) -> tuple[dict[str, Mapped], bool]:
    """Return the mapped files by path in order of appearance, and whether all of them could be kept."""
    found: dict[str, Mapped] = {}
    for match in _LINE.finditer(data):
        start, end, perms, offset, inode, raw = match.groups()
        path = raw.decode("utf-8", "surrogateescape").replace("\\012", "\n")
        entry = found.get(path)
        if entry is None:
            if len(found) >= MAX_PATHS:
                return found, False
            entry = found[path] = Mapped(path=path, inode=int(inode))
        entry.reach = max(entry.reach, int(offset, 16) + int(end, 16) - int(start, 16))
        entry.runs = entry.runs or b"x" in perms
    return found, len(data) < LIMIT
