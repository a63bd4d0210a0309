"""Read /proc/PID/maps: which files a process maps, how far, and whether it may run them.

  7f3a5c000000-7f3a5e000000 r--p 00000000 fe:00 260850      /srv/llm/a.gguf
  start       -end          perm offset   device inode      path (a line feed in it is written \\012)
`maps` is cheap and does not stall the process; `smaps` walks its page tables and does, so it is never read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

LIMIT = 8 << 20
"""Bytes of maps read of one process: about 80,000 mappings."""
MAX_PATHS = 4096
"""Distinct paths kept of one process."""
DELETED = " (deleted)"

_LINE = re.compile(rb"^\S+ \S\S(x?)\S+ [^/\n]* (/[^\n]*)$", re.MULTILINE)

_EXTENT = re.compile(
    rb"^([0-9a-f]{1,16})-([0-9a-f]{1,16}) \S{4} ([0-9a-f]{1,16}) \S+ (\d{1,20}) +(/[^\n]*)$", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Maps:
    """The files that one process maps."""

    data: bytes
    paths: tuple[str, ...]
    """Distinct, in order of appearance."""
    runs: frozenset[str]
    """Those of which some mapping may be executed."""
    whole: bool
    """False when there was more than is kept."""

    extents: dict[bytes, tuple[int, int]] = field(default_factory=dict, compare=False, repr=False)
    """Filled when `extent` is first asked."""

    def extent(self, path: str) -> tuple[int, int]:
        """Return (inode, bytes from the file's beginning to the end of its last mapping); (0, 0) = not mapped.

        Read when first asked, for all at once: of next to no process it matters, and one that maps thousands of
        deleted files must not make us search its maps thousands of times.
        """
        if not self.extents:
            for start, end, offset, number, raw in _EXTENT.findall(self.data):
                reach = int(offset, 16) + int(end, 16) - int(start, 16)
                known = self.extents.get(raw, (0, 0))[1]
                self.extents[raw] = int(number), max(known, reach)
        return self.extents.get(path.replace("\n", "\\012").encode("utf-8", "surrogateescape"), (0, 0))


def parse_maps(data: bytes) -> Maps:
    """Read the mapped files out of /proc/PID/maps; lines that are not as documented are left out."""
    found = dict.fromkeys(_LINE.findall(data))  # a library has a handful of mappings: each word once
    paths = list(dict.fromkeys(_decode(raw) for _runs, raw in found))
    runs = frozenset(_decode(raw) for runs, raw in found if runs)
    whole = len(paths) <= MAX_PATHS and len(data) < LIMIT
    return Maps(data=data, paths=tuple(paths[:MAX_PATHS]), runs=runs, whole=whole)


@lru_cache(maxsize=8192)
def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape").replace("\\012", "\n")
