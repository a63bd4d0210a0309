"""TensorFlow checkpoint: the `.index` file beside `.data-00000-of-0000N`; a LevelDB table of tensor descriptions.

    blocks · index block · footer of 48 bytes: two block handles, padding, u64 magic
    block:  entries (shared, added, value length; key part; value) · u32 restarts… · u32 count · type · u32 crc

The key "" holds a BundleHeaderProto, every other key is a tensor's name with a BundleEntryProto. LevelDB files of other
programs have the same magic and no such first entry. Loading a checkpoint runs no code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import BytesReader, Reader
from aiguard_agent.identify.draft import Draft, label
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.protobuf import Protobuf, varint
from aiguard_agent.identify.tensorflow import read_shape, type_name
from aiguard_agent.identify.window import Window

MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
FOOTER, TRAILER = 48, 5
MOST_BLOCK = 4 * 1024 * 1024
MOST_BLOCKS = 20_000
MOST_BYTES = 32 * 1024 * 1024
"""Of all blocks together: a block may be named many times."""
SHARDS, DTYPE, SHAPE = 1, 1, 2
STEM = re.compile(r"(.+)\.index$")


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the magic at the very end."""
    return glimpse.size >= FOOTER and glimpse.tail.endswith(MAGIC)


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return the tensors of the table; None for another program's table."""
    draft = Draft(format=FORMAT.name)
    window = Window(reader)
    shards: int | None = None
    with draft.reading():
        for key, value in _entries(window):
            if shards is None:
                shards = _shard_count(key, value)
                if shards is None:
                    return None
                continue
            _add(key, value, draft)
    if shards is None:
        return None
    draft.tell("shards", str(shards))
    draft.quantization = draft.dominant()
    stem = STEM.match(glimpse.name)
    if stem and shards <= 1000:
        for number in range(shards):
            draft.link(f"{stem[1]}.data-{number:05d}-of-{shards:05d}")
    return draft.header()


def _entries(window: Window) -> Iterator[tuple[bytes, bytes]]:
    footer = window.bytes_at(window.end - FOOTER, FOOTER)
    _, place = _handle(footer, 0)
    (start, size), _ = _handle(footer, place)
    total = 0
    for number, (_, handle) in enumerate(_block(window, start, size)):
        (offset, length), _ = _handle(handle, 0)
        total += length
        if number >= MOST_BLOCKS or total > MOST_BYTES:
            raise ValueError("the table has too many blocks")
        yield from _block(window, offset, length)


def _handle(raw: bytes, place: int) -> tuple[tuple[int, int], int]:
    offset, place = varint(raw, place)
    size, place = varint(raw, place)
    return (offset, size), place


def _block(window: Window, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    if size > MOST_BLOCK:
        raise ValueError(f"a block claims {size} bytes")
    raw = window.bytes_at(offset, size + TRAILER)
    if raw[size] != 0:
        raise ValueError("the table is compressed")
    end = size - 4 - 4 * int.from_bytes(raw[max(0, size - 4) : size], "little")
    if size < 4 or end < 0:
        raise ValueError("a block is too short for its own list")
    key, place = b"", 0
    while place < end:
        shared, place = varint(raw, place)
        added, place = varint(raw, place)
        length, place = varint(raw, place)
        if shared > len(key) or place + added + length > end or shared + added > 65_536:
            raise ValueError("an entry reaches outside its block")
        key = key[:shared] + raw[place : place + added]
        place += added
        yield key, raw[place : place + length]
        place += length


def _shard_count(key: bytes, value: bytes) -> int | None:
    if key:
        return None
    walk = Protobuf(Window(BytesReader(value)), fields=20)
    count = 0
    for field in walk.fields(0, len(value)):
        if field.number > 3:
            return None
        if field.number == SHARDS:
            count = field.value
    return count if 0 < count < 1 << 31 else None


def _add(key: bytes, value: bytes, draft: Draft) -> None:
    walk = Protobuf(Window(BytesReader(value)), fields=1000)
    dtype = 0
    shape: tuple[int, ...] = ()
    for field in walk.fields(0, len(value)):
        if field.number == DTYPE:
            dtype = field.value
        elif field.number == SHAPE:
            shape = read_shape(walk, field)
    if type_name(dtype) not in ("STRING", "RESOURCE", "VARIANT"):
        draft.add(label(key), type_name(dtype), shape)


FORMAT = Format(
    name="tf-checkpoint",
    title="TensorFlow checkpoint",
    order=12,
    extensions=(".index",),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/tensor_bundle.proto",
)
