"""Read forward through a part of a file, passing over what is not needed."""

from __future__ import annotations

from aiguard_agent.core.reader import Reader

CHUNK = 64 * 1024
MAX_READ = 8 * 1024 * 1024
"""Bytes that one walk may read; skipped bytes cost nothing."""
MAX_LINE = 16 * 1024


class Truncated(Exception):
    """The part ends before what was asked for."""


class Limit(Exception):
    """A bound of ours ended the walk; the message says which."""


class Cursor:
    """A position in a Reader between `start` and `end`."""

    def __init__(self, reader: Reader, start: int, end: int) -> None:
        self._reader = reader
        self._end = min(end, reader.size)
        self._base = start
        self._at = 0
        self._chunk = b""
        self._read = 0

    @property
    def position(self) -> int:
        """Offset in the file of the next byte."""
        return self._base + self._at

    def byte(self) -> int:
        """Return the next byte as a number."""
        if self._at >= len(self._chunk):
            self._fill(1)
        value = self._chunk[self._at]
        self._at += 1
        return value

    def take(self, length: int) -> bytes:
        """Return the next `length` bytes; raises Truncated when there are fewer, Limit when we do not want as many."""
        if self._at + length > len(self._chunk):
            self._fill(length)
        raw = self._chunk[self._at : self._at + length]
        self._at += length
        return raw

    def skip(self, length: int) -> None:
        """Pass over bytes without reading them."""
        if self.position + length > self._end:
            raise Truncated
        self._at += length
        if self._at > len(self._chunk):
            self._base, self._at, self._chunk = self.position, 0, b""

    def line(self) -> bytes | None:
        """Return the bytes up to the next newline, or None for a line too long to be wanted; it is passed over."""
        length = 0
        raw = b""
        while True:
            if self._at >= len(self._chunk):
                self._fill(1)
            found = self._chunk.find(b"\n", self._at)
            end = len(self._chunk) if found < 0 else found
            length += end - self._at
            if length <= MAX_LINE:
                raw += self._chunk[self._at : end]
            self._at = end if found < 0 else found + 1
            if found >= 0:
                return raw if length <= MAX_LINE else None

    def _fill(self, length: int) -> None:
        position = self.position
        if length > self._end - position:
            raise Truncated
        wanted = min(max(length, CHUNK), self._end - position)
        self._read += wanted
        if self._read > MAX_READ:
            raise Limit(f"more than {MAX_READ} bytes of opcodes")
        self._chunk = self._reader.read_at(position, wanted)
        self._base, self._at = position, 0
        if len(self._chunk) < max(length, 1):
            raise Truncated
