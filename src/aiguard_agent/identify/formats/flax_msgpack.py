"""Flax weights in MessagePack (`flax_model.msgpack`): nested maps whose leaves are arrays.

An array is extension type 1: a packed list of shape, type name and bytes. There is no magic: a map of text keys with
at least one such array is what makes a file one of Flax; without an array, the name and the key `params` do, and a
remark tells. Loading it runs no code.
"""

from __future__ import annotations

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import BytesReader, Reader
from aiguard_agent.identify.draft import Draft, label
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.window import Cursor, Window

ARRAY = 1
MOST_NODES = 300_000
MOST_DEPTH = 64
MOST_KEY = 1024
PLAIN = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4}
PLAIN |= {0xD3: 8, **dict.fromkeys((*range(128), *range(224, 256)), 0)}
"""First byte of a number, nothing, yes or no -> bytes that follow."""
LENGTHS = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
EXTENSIONS = {0xC7: 1, 0xC8: 2, 0xC9: 4}
FIXED_EXTENSIONS = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
TYPES = {"float": "F", "int": "I", "uint": "U", "bfloat": "BF", "complex": "C", "bool": "BOOL"}

Frame = tuple[bytes, int]
"""Path of a map and the members it still has."""


def sniff(glimpse: Glimpse) -> bool:
    """Tell by a map whose first key is a text; the arrays decide."""
    cursor = Cursor(Window(BytesReader(glimpse.head)), big=True)
    try:
        return _map_size(cursor) > 0 and _text(cursor) != b""
    except (EOFError, ValueError):
        return False


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return the arrays; None for a map without any."""
    draft = Draft(format=FORMAT.name)
    cursor = Cursor(Window(reader), big=True)
    with draft.reading():
        _walk(cursor, draft)
        if cursor.left:
            draft.remark(f"{cursor.left} bytes follow the last array")
    named = glimpse.name.endswith(FORMAT.extensions) and b"params" in glimpse.head[:16]
    if not draft.tensors and not named:
        return None
    if not draft.tensors:
        draft.cut("there are no arrays in it")
    draft.quantization = draft.dominant()
    return draft.header()


def _walk(cursor: Cursor, draft: Draft) -> None:
    stack: list[Frame] = [(b"", _map_size(cursor))]
    for _ in range(MOST_NODES):
        while stack and stack[-1][1] == 0:
            stack.pop()
        if not stack:
            return
        path, left = stack.pop()
        stack.append((path, left - 1))
        name = path + b"/" + _text(cursor) if path else _text(cursor)
        size = _value(cursor, name, draft)
        if size is not None:
            stack.append((name[-4096:], size))
            if len(stack) > MOST_DEPTH:
                raise ValueError("the maps are nested too deeply")
    raise ValueError("more members than are looked at")


def _value(cursor: Cursor, name: bytes, draft: Draft) -> int | None:
    """Move past one value, or return the size of the map that starts here."""
    first = cursor.window.bytes_at(cursor.at, 1)[0]
    if 0x80 <= first <= 0x8F or first in (0xDE, 0xDF):
        return _map_size(cursor)
    cursor.skip(1)
    if first in PLAIN:
        cursor.skip(PLAIN[first])
    elif 0xA0 <= first <= 0xBF:
        cursor.skip(first & 0x1F)
    elif first in LENGTHS:
        cursor.skip(cursor.number(LENGTHS[first]))
    elif first in EXTENSIONS or first in FIXED_EXTENSIONS:
        length = cursor.number(EXTENSIONS[first]) if first in EXTENSIONS else FIXED_EXTENSIONS[first]
        kind, end = cursor.number(1), cursor.at + length
        if kind == ARRAY:
            _array(Cursor(cursor.window, cursor.at, big=True), name, draft)
        cursor.skip(end - cursor.at)
    elif first != 0x90:
        raise ValueError("a member is neither a map nor an array")
    return None


def _array(cursor: Cursor, name: bytes, draft: Draft) -> None:
    if cursor.number(1) != 0x93:
        raise ValueError("an array is not packed as Flax does")
    count = cursor.number(1)
    if not 0x90 <= count <= 0x9F:
        raise ValueError("an array's shape is no short list")
    shape = tuple(_small(cursor) for _ in range(count & 0x0F))
    draft.add(label(name), _type_name(_text(cursor).decode("utf-8", "replace")), shape)


def _small(cursor: Cursor) -> int:
    first = cursor.number(1)
    if first < 0x80:
        return first
    if 0xCC <= first <= 0xCF:
        return cursor.number(PLAIN[first])
    raise ValueError("an array's size is no number")


def _type_name(name: str) -> str:
    word = name.rstrip("0123456789")
    return TYPES[word] + name[len(word) :] if word in TYPES else name.upper()[:32]


def _map_size(cursor: Cursor) -> int:
    first = cursor.number(1)
    if 0x80 <= first <= 0x8F:
        return first & 0x0F
    if first in (0xDE, 0xDF):
        return cursor.number(2 if first == 0xDE else 4)
    raise ValueError("no map")


def _text(cursor: Cursor) -> bytes:
    first = cursor.number(1)
    if 0xA0 <= first <= 0xBF:
        return cursor.take(first & 0x1F)
    if first not in (0xD9, 0xDA, 0xDB):
        raise ValueError("a key is no text")
    length = cursor.number(LENGTHS[first])
    if length > MOST_KEY:
        raise ValueError(f"a key claims {length} bytes")
    return cursor.take(length)


FORMAT = Format(
    name="flax",
    title="Flax MessagePack",
    order=50,
    extensions=(".msgpack", ".flax"),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://github.com/google/flax/blob/main/flax/serialization.py",
)
