"""Read a file in small steps: a buffer over a Reader that grows while the reading is sequential."""

from __future__ import annotations

import struct

from aiguard_agent.core.reader import Reader

LEAST = 512
"""Bytes fetched after a jump: walking past many large tensors must not fetch a megabyte for each of them."""
MOST = 1024 * 1024


class Window:
    """Bytes of one file, or of the part of it from `start` to `end`; offsets are those of the whole file."""

    def __init__(self, reader: Reader, *, start: int = 0, end: int | None = None, first: int = 8192) -> None:
        self.start = start
        self.end = reader.size if end is None else min(end, reader.size)
        self._reader = reader
        self._base = start
        self._buffer = b""
        self._step = first

    def bytes_at(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes; raises EOFError when the part has fewer."""
        low = offset - self._base
        if min(low, length) >= 0 and low + length <= len(self._buffer):
            return self._buffer[low : low + length]
        self.fill(offset, length)
        return self._buffer[:length]

    def peek(self, offset: int, most: int) -> bytes:
        """Return up to `most` bytes; raises EOFError when there is not even one."""
        low = offset - self._base
        if low < 0 or low + most > len(self._buffer):
            self.fill(offset, 1)
            low = 0
        return self._buffer[low : low + most]

    def fill(self, offset: int, length: int) -> bytes:
        """Move the buffer to `offset`, at least `length` bytes of it; raises EOFError when there are fewer."""
        if length < 0 or offset < self.start or offset + length > self.end:
            raise EOFError
        if self._buffer:
            ahead = offset - self._base - len(self._buffer)
            near = -len(self._buffer) <= ahead <= LEAST
            self._step = min(self._step * 2, MOST) if near else LEAST
        self._base = offset
        self._buffer = self._reader.read_at(offset, min(max(length, self._step), self.end - offset))
        if len(self._buffer) < length:
            raise EOFError
        return self._buffer

    def u16(self, offset: int) -> int:
        """Return the little-endian number of two bytes."""
        return int.from_bytes(self.bytes_at(offset, 2), "little")

    def u32(self, offset: int) -> int:
        """Return the little-endian number of four bytes."""
        return int.from_bytes(self.bytes_at(offset, 4), "little")

    def u64(self, offset: int) -> int:
        """Return the little-endian number of eight bytes."""
        return int.from_bytes(self.bytes_at(offset, 8), "little")


class Cursor:
    """A place in a Window that moves forward, with a byte order."""

    def __init__(self, window: Window, at: int = 0, *, big: bool = False) -> None:
        self.window = window
        self.at = at
        self.big = big

    @property
    def left(self) -> int:
        """Bytes from here to the end."""
        return self.window.end - self.at

    def take(self, length: int) -> bytes:
        """Return the next `length` bytes and move past them."""
        chunk = self.window.bytes_at(self.at, length)
        self.at += length
        return chunk

    def skip(self, length: int) -> None:
        """Move past `length` bytes without reading them."""
        if length < 0 or length > self.left:
            raise EOFError
        self.at += length

    def number(self, width: int) -> int:
        """Return the next unsigned number of `width` bytes."""
        return int.from_bytes(self.take(width), "big" if self.big else "little")

    def skip_strings(self, count: int, width: int) -> None:
        """Move past `count` strings that each start with their length in `width` bytes.

        This is the hot loop of a vocabulary: it looks at lengths inside the buffer and copies nothing.
        """
        length_at = struct.Struct((">" if self.big else "<") + {4: "I", 8: "Q"}[width]).unpack_from
        while count:
            buffer = self.window.fill(self.at, width)
            place, last = 0, len(buffer) - width
            while count and place <= last:
                place += width + length_at(buffer, place)[0]
                count -= 1
            self.skip(place)
