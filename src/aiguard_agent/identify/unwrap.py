"""Undo one layer of compression, within bounds: enough to see what kind of file is inside."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

from aiguard_agent.core.reader import Reader

MAX_OUTPUT = 1024 * 1024
MAX_INPUT = 1024 * 1024
STEP = 2 * 1024
"""Bytes fed at once: what a damaged step gave before its damage is lost."""
LZMA_MEMORY = 64 * 1024 * 1024
LZ4 = b"\x04\x22\x4d\x18"


class _Engine(Protocol):
    """What bz2, lzma and our own zlib engine have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Zlib:
    """zlib with the interface of the other two."""

    def __init__(self, window: int) -> None:
        self._engine = zlib.decompressobj(window)

    @property
    def eof(self) -> bool:
        return self._engine.eof

    @property
    def needs_input(self) -> bool:
        return not self._engine.unconsumed_tail

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._engine.decompress(self._engine.unconsumed_tail + data, max_length)


def compression(head: bytes) -> str:
    """Return the name of the compression by its magic, or ""."""
    if head.startswith(b"\x1f\x8b\x08"):
        return "gzip"
    if head.startswith(b"BZh") and head[4:10] == b"1AY&SY":
        return "bz2"
    if head.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    if head.startswith(LZ4):
        return "lz4"
    if head.startswith(b"\x5d\x00\x00") and len(head) > 13:
        return "lzma"
    if head[:1] == b"\x78" and len(head) > 2 and int.from_bytes(head[:2], "big") % 31 == 0:
        return "zlib"
    return ""


def unwrap(reader: Reader, kind: str, most: int = MAX_OUTPUT) -> bytes:
    """Return up to `most` bytes of what is inside; fewer when the data is damaged. lz4 is not undone."""
    make = ENGINES.get(kind)
    if make is None:
        return b""
    out = bytearray()
    try:
        engine = make()
        offset = 0
        while not engine.eof and len(out) < most:
            chunk = b""
            if engine.needs_input:
                chunk = reader.read_at(offset, min(STEP, MAX_INPUT - offset)) if offset < MAX_INPUT else b""
                offset += len(chunk)
                if not chunk:
                    break
            out += engine.decompress(chunk, most - len(out))
    except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError, MemoryError):
        pass  # bz2 says damaged with OSError; what came out before still names the file
    return bytes(out)


ENGINES: dict[str, Callable[[], _Engine]] = {
    "gzip": lambda: _Zlib(31),
    "zlib": lambda: _Zlib(15),
    "bz2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=LZMA_MEMORY),
    "lzma": lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=LZMA_MEMORY),
}
