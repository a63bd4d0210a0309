"""Read the header of a NumPy array file: a Python literal with type, order and shape."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAGIC = b"\x93NUMPY"
MAX_HEADER = 64 * 1024
DESCR = re.compile(r"'descr'\s*:\s*(?P<descr>'[^']{1,32}'|\[.*?\])\s*,\s*'fortran_order'", re.DOTALL)
SHAPE = re.compile(r"'shape'\s*:\s*\((?P<shape>[0-9L, ]*)\)")
OBJECT = re.compile(r"'[<>|=]?O\d*'")
WORDS = {
    "f2": "F16",
    "f4": "F32",
    "f8": "F64",
    "i1": "I8",
    "i2": "I16",
    "i4": "I32",
    "i8": "I64",
    "u1": "U8",
    "u2": "U16",
    "u4": "U32",
    "u8": "U64",
    "b1": "BOOL",
    "c8": "C64",
    "c16": "C128",
}


@dataclass(frozen=True, slots=True)
class Array:
    """Type and shape of one array."""

    dtype: str
    """In safetensors' words where it has one, else NumPy's."""
    shape: tuple[int, ...]
    holds_objects: bool
    """True when loading it means unpickling."""


def read_array(head: bytes) -> Array | None:
    """Return what the header at the start of `head` says, or None when there is none."""
    if not head.startswith(MAGIC) or len(head) < 12 or head[6] not in (1, 2, 3):
        return None
    width = 2 if head[6] == 1 else 4
    length = int.from_bytes(head[8 : 8 + width], "little")
    if length > MAX_HEADER:
        return None
    text = head[8 + width : 8 + width + length].decode("latin-1")
    descr, shape = DESCR.search(text), SHAPE.search(text)
    if descr is None or shape is None:
        return None
    sides = tuple(int(side) for side in shape["shape"].replace("L", "").split(",") if side.strip().isdigit())
    plain = descr["descr"].strip("'")
    dtype = WORDS.get(plain.lstrip("<>|="), plain if len(plain) <= 32 else "structured")
    return Array(dtype, sides, OBJECT.search(descr["descr"]) is not None)
