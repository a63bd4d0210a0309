"""Walk FlatBuffers tables without generated code: bounded, and without reading large vectors.

u32 offset of the root table · 4 bytes identifier · …
table:  i32 distance back to its vtable, then the fields
vtable: u16 its own size · u16 size of the table · u16 place of each field in the table, 0 = absent
vector: u32 count, members; a member that is a table or text is the distance to it from its own place
"""

from __future__ import annotations

from aiguard_agent.identify.draft import words
from aiguard_agent.identify.window import Window

MOST_STEPS = 500_000
"""Fields and members one file may make us look at."""
MOST_VTABLES = 4096
MOST_VTABLE = 512


class Flatbuffer:
    """Tables in a window, each named by its absolute place; place 0 stands for "absent"."""

    def __init__(self, window: Window, *, steps: int = MOST_STEPS) -> None:
        self.window = window
        self._left = steps
        self._vtables: dict[int, bytes] = {}

    def root(self) -> int:
        """Return the place of the root table."""
        return self.window.u32(0)

    def field(self, table: int, index: int) -> int:
        """Return where the field lies, 0 when it is absent."""
        self._step()
        if not table:
            return 0
        back = int.from_bytes(self.window.bytes_at(table, 4), "little", signed=True)
        vtable = self._vtable(table - back)
        offset = int.from_bytes(vtable[4 + 2 * index : 6 + 2 * index], "little")
        return table + offset if offset else 0

    def number(self, table: int, index: int, width: int, *, signed: bool = False, default: int = 0) -> int:
        """Return a number of `width` bytes."""
        place = self.field(table, index)
        return int.from_bytes(self.window.bytes_at(place, width), "little", signed=signed) if place else default

    def table(self, table: int, index: int) -> int:
        """Return the place of the table that a field refers to."""
        place = self.field(table, index)
        return place + self.window.u32(place) if place else 0

    def vector(self, table: int, index: int, width: int) -> tuple[int, int]:
        """Return the place of a vector's first member and their count, checked against the file's size."""
        place = self.field(table, index)
        if not place:
            return 0, 0
        start = place + self.window.u32(place)
        count = self.window.u32(start)
        if start + 4 + count * width > self.window.end:
            raise EOFError
        return start + 4, count

    def tables(self, table: int, index: int, most: int) -> list[int]:
        """Return the places of the tables in a vector; raises ValueError beyond `most`."""
        start, count = self.vector(table, index, 4)
        if count > most:
            raise ValueError(f"a list claims {count} members")
        for _ in range(count):
            self._step()
        return [place + self.window.u32(place) for place in range(start, start + 4 * count, 4)]

    def numbers(self, table: int, index: int, width: int, most: int = 64) -> tuple[int, ...]:
        """Return the signed numbers of a short vector."""
        start, count = self.vector(table, index, width)
        if count > most:
            raise ValueError(f"a list of numbers claims {count} members")
        raw = self.window.bytes_at(start, count * width) if count else b""
        return tuple(int.from_bytes(raw[at : at + width], "little", signed=True) for at in range(0, len(raw), width))

    def raw(self, table: int, index: int, most: int = 1024) -> bytes:
        """Return the first `most` bytes of a text or vector of bytes."""
        start, count = self.vector(table, index, 1)
        return self.window.bytes_at(start, min(count, most)) if count else b""

    def text(self, table: int, index: int) -> str:
        """Return a text for display."""
        return words(self.raw(table, index))

    def _vtable(self, place: int) -> bytes:
        known = self._vtables.get(place)
        if known is None:
            size = self.window.u16(place)
            if not 4 <= size <= MOST_VTABLE:
                raise ValueError(f"a table description claims {size} bytes")
            if len(self._vtables) >= MOST_VTABLES:
                self._vtables.clear()
            known = self._vtables[place] = self.window.bytes_at(place, size)
        return known

    def _step(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise ValueError("more fields than are looked at")
