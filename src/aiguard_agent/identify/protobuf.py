"""Walk the protobuf wire format without a schema library: bounded, and past large payloads without reading them.

A message is a run of fields: varint tag (number << 3 | wire type), then a varint (0), 8 bytes (1), a varint length
and so many bytes (2), or 4 bytes (5). Groups (3, 4) are not used by any model format and are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from aiguard_agent.identify.draft import words
from aiguard_agent.identify.window import Window

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MOST_FIELDS = 400_000
"""Fields one file may make us look at; a graph of 100 k nodes needs that many."""
MOST_TAG_AND_VALUE = 20


class Field(NamedTuple):
    """One field: its number and wire type, its value, and for bytes where they lie in the file."""

    number: int
    wire: int
    value: int
    """The number itself, or how many bytes."""
    start: int
    end: int


class Protobuf:
    """Messages in a window; one count of fields bounds all walks over it together."""

    def __init__(self, window: Window, *, fields: int = MOST_FIELDS) -> None:
        self.window = window
        self._left = fields

    def fields(self, start: int, end: int) -> Iterator[Field]:
        """Yield the fields of the message from `start` to `end`; nothing inside bytes is read.

        Bytes that reach beyond the end of the file are yielded cut off, then EOFError is raised: the part that is
        there can still be told. Bytes that reach beyond their message are a ValueError.
        """
        at = start
        while at < end:
            self._left -= 1
            if self._left < 0:
                raise ValueError("more fields than are looked at")
            raw = self.window.peek(at, min(MOST_TAG_AND_VALUE, end - at))
            tag, place = varint(raw, 0)
            number, wire = tag >> 3, tag & 7
            if wire in (VARINT, BYTES):
                value, place = varint(raw, place)
            elif wire in (FIXED64, FIXED32):
                width = 8 if wire == FIXED64 else 4
                value = int.from_bytes(self.window.bytes_at(at + place, width), "little")
                place += width
            else:
                raise ValueError(f"wire type {wire} is not used by model files")
            if not 0 < number < 1 << 29:
                raise ValueError("a field number is not possible")
            stop = at + place + (value if wire == BYTES else 0)
            if stop > end and end < self.window.end:
                raise ValueError("a field ends outside its message")
            yield Field(number, wire, value, at + place, min(stop, self.window.end))
            if stop > end:
                raise EOFError
            at = stop

    def inside(self, field: Field) -> Iterator[Field]:
        """Yield the fields of the message that these bytes are."""
        if field.wire != BYTES:
            raise ValueError(f"field {field.number} is no message")
        return self.fields(field.start, field.end)

    def raw(self, field: Field, most: int = 65_536) -> bytes:
        """Return the first `most` bytes of a field."""
        if field.wire != BYTES:
            raise ValueError(f"field {field.number} holds no bytes")
        return self.window.bytes_at(field.start, min(field.end - field.start, most))

    def text(self, field: Field) -> str:
        """Return a field's text for display."""
        return words(self.raw(field, 4096))

    def numbers(self, field: Field, most: int = 64) -> tuple[int, ...]:
        """Return the signed numbers of a repeated field, packed or one by one."""
        if field.wire == VARINT:
            return (signed(field.value),)
        raw = self.raw(field, most * 10 + 1)
        found: list[int] = []
        place = 0
        while place < len(raw):
            if len(found) >= most:
                raise ValueError("a list of numbers is too long")
            value, place = varint(raw, place)
            found.append(signed(value))
        return tuple(found)

    def pair(self, field: Field) -> tuple[str, str]:
        """Return the texts 1 and 2 of an entry of a map."""
        key = value = ""
        for inner in self.inside(field):
            if inner.number == 1:
                key = self.text(inner)
            elif inner.number == 2 and inner.wire == BYTES:
                value = self.text(inner)
        return key, value


def varint(raw: bytes, place: int) -> tuple[int, int]:
    """Return the varint at `place` and where it ends; raises EOFError when it is cut, ValueError when too long."""
    value = shift = 0
    while True:
        if place >= len(raw):
            raise EOFError
        byte = raw[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 63:
            raise ValueError("a number has more than ten bytes")
    return value & 0xFFFF_FFFF_FFFF_FFFF, place


def signed(value: int) -> int:
    """Return the 64-bit number as a signed one."""
    return value - (1 << 64) if value >> 63 else value
