"""Read the header messages of HDF5 objects from their bytes: spaces, types, links and attributes.

Offsets and lengths have eight bytes, as every library writes them since long.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

SPACE, LINK_INFO, TYPE, LINK, EXTERNAL_FILES = 0x01, 0x02, 0x03, 0x06, 0x07
ATTRIBUTE, CONTINUATION, SYMBOLS, ATTRIBUTE_INFO = 0x0C, 0x10, 0x11, 0x15
UNDEFINED = 0xFFFF_FFFF_FFFF_FFFF
MOST_RANK = 32
HARD, SOFT, EXTERNAL = 0, 1, 64


@dataclass(frozen=True, slots=True)
class Link:
    """A named member of a group."""

    name: bytes
    kind: int
    address: int
    """Of the member's header, for a hard link."""
    target: str = ""
    """The other file, for an external link."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A named value; only a single text is understood."""

    name: str
    type: bytes
    shape: tuple[int, ...]
    value: bytes


def read_space(raw: bytes) -> tuple[int, ...]:
    """Return the sizes of a dataspace message."""
    if len(raw) < 4:
        raise EOFError
    version, rank = raw[0], raw[1]
    start = {1: 8, 2: 4}.get(version)
    if start is None or rank > MOST_RANK:
        raise ValueError("a dataspace is of an unknown kind")
    return struct.unpack_from(f"<{rank}Q", _at_least(raw, start + 8 * rank), start)


def type_name(raw: bytes) -> str:
    """Return a name for a datatype message."""
    if len(raw) < 8:
        raise EOFError
    kind, bits = raw[0] & 15, 8 * int.from_bytes(raw[4:8], "little")
    if kind == 0:
        return f"{'I' if raw[1] & 8 else 'U'}{bits}"
    if kind == 1:
        # bfloat16 is a float of two bytes whose exponent has eight bits (byte 17 of the message).
        return "BF16" if bits == 16 and raw[17:18] == b"\x08" else f"F{bits}"
    return {3: "STRING", 9: "VLEN", 6: "COMPOUND", 8: "ENUM"}.get(kind, f"CLASS_{kind}")


def read_link(raw: bytes) -> Link:
    """Return the link of a link message."""
    flags = _at_least(raw, 2)[1]
    place = 2
    kind = HARD
    if flags & 8:
        kind, place = _at_least(raw, 3)[2], 3
    place += (8 if flags & 4 else 0) + (1 if flags & 16 else 0)
    width = 1 << (flags & 3)
    length = int.from_bytes(_at_least(raw, place + width)[place : place + width], "little")
    place += width
    name = _at_least(raw, place + length)[place : place + length]
    place += length
    if kind == HARD:
        return Link(name, kind, int.from_bytes(_at_least(raw, place + 8)[place : place + 8], "little"))
    target = raw[place + 3 :].split(b"\0")[0].decode("utf-8", "replace") if kind == EXTERNAL else ""
    return Link(name, kind, UNDEFINED, target)


def read_attribute(raw: bytes) -> Attribute:
    """Return the attribute of an attribute message."""
    version = _at_least(raw, 8)[0]
    if version not in (1, 2, 3):
        raise ValueError("an attribute is of an unknown kind")
    sizes = struct.unpack_from("<3H", raw, 2)
    place = 9 if version == 3 else 8
    parts: list[bytes] = []
    for size in sizes:
        parts.append(_at_least(raw, place + size)[place : place + size])
        place += (size + 7) // 8 * 8 if version == 1 else size
    name = parts[0].rstrip(b"\0").decode("utf-8", "replace")
    return Attribute(name, parts[1], read_space(parts[2]), raw[place:])


def heap_of(raw: bytes, *, indexed_by: int) -> int:
    """Return where a group keeps many links, or an object many attributes, UNDEFINED when it does not.

    `indexed_by` is the width of the creation index that a flag says is there.
    """
    start = 2 + (indexed_by if _at_least(raw, 2)[1] & 1 else 0)
    return int.from_bytes(_at_least(raw, start + 8)[start : start + 8], "little")


def _at_least(raw: bytes, length: int) -> bytes:
    if len(raw) < length:
        raise EOFError
    return raw
