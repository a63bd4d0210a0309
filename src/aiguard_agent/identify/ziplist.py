"""List the members of a zip and read small ones, within bounds and without trusting it.

... local header + data ... | central directory: one record for each member | end record (22 bytes + comment)

The end record is searched in the last 64 KiB. Numbers of 0xffffffff stand for 64-bit ones in an extra field (zip64).
Bytes before the first member shift all offsets. Without an end record the local headers are walked instead.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from aiguard_agent.core.reader import BytesReader, Reader

MAX_ENTRIES = 20_000
MAX_DIRECTORY = 1024 * 1024
"""Bytes of the directory that are read: several formats look into the same zip, and a jar's may have megabytes."""
MAX_MEMBER = 8 * 1024 * 1024
END_SEARCH = 65_536 + 22
STEP = 2 * 1024
STORED, DEFLATED = 0, 8
LOCAL, CENTRAL, END, END64, LOCATOR64 = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
FULL32 = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Entry:
    """One member as the directory describes it."""

    name: str
    method: int
    compressed: int
    size: int
    offset: int
    """Of its local header in the file."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The members of a zip, in the order of its directory."""

    entries: tuple[Entry, ...] = ()
    complete: bool = True
    remarks: tuple[str, ...] = ()

    def find(self, name: str) -> Entry | None:
        """Return the first member of that name, upper and lower case alike."""
        wanted = name.lower()
        return next((entry for entry in self.entries if entry.name.lower() == wanted), None)

    def ending(self, tail: str) -> Iterator[Entry]:
        """Yield the members whose path ends with `tail`, upper and lower case alike."""
        wanted = tail.lower()
        return (entry for entry in self.entries if f"/{entry.name.lower()}".endswith(f"/{wanted}"))


class Part:
    """A Reader over some bytes of another one."""

    def __init__(self, reader: Reader, offset: int, size: int) -> None:
        self._reader = reader
        self._offset = offset
        self._size = max(0, min(size, reader.size - offset))

    @property
    def size(self) -> int:
        """Bytes in this part."""
        return self._size

    @property
    def spent(self) -> int:
        """Bytes read so far from the whole file."""
        return self._reader.spent

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes of this part."""
        wanted = min(length, self._size - offset)
        return self._reader.read_at(self._offset + offset, wanted) if wanted > 0 else b""


def looks_like_zip(head: bytes, tail: bytes) -> bool:
    """Tell whether the first or last bytes are those of a zip."""
    return head.startswith(LOCAL) or END in tail


def list_zip(reader: Reader) -> Listing | None:
    """Return the members, or None when it is no zip; raises what the reader raises and nothing else."""
    start = max(0, reader.size - END_SEARCH)
    # Most zips have no comment: the end record is in the very last bytes.
    for begin in (max(0, reader.size - 1024), start):
        tail = reader.read_at(begin, reader.size - begin)
        at = tail.rfind(END)
        if at >= 0 and len(tail) - at >= 22:
            return _from_directory(reader, begin + at, tail[at : at + 22])
    if reader.read_at(0, 4) == LOCAL:
        return _from_local_headers(reader)
    return None


def open_member(reader: Reader, entry: Entry, *, most: int = MAX_MEMBER) -> Reader | None:
    """Return the bytes of one member: a window when it is stored, at most `most` bytes when it is compressed.

    The result's `size` is what can be read; a member that is cut or of an unknown method gives None or what there is.
    """
    # An offset beyond the file may also be one that no system call takes.
    local = reader.read_at(entry.offset, 30) if entry.offset < reader.size else b""
    if len(local) < 30 or not local.startswith(LOCAL):
        return None
    name_length, extra_length = struct.unpack("<26xHH", local)
    begin = entry.offset + 30 + name_length + extra_length
    if entry.method == STORED:
        return Part(reader, begin, entry.size)
    if entry.method == DEFLATED:
        return BytesReader(_inflate(Part(reader, begin, entry.compressed), most), budget=64 * most)
    return None


def read_member(reader: Reader, entry: Entry, *, most: int = MAX_MEMBER) -> bytes:
    """Return up to `most` bytes of one member; empty when it cannot be read."""
    inside = open_member(reader, entry, most=most)
    return inside.read_at(0, min(most, inside.size)) if inside is not None else b""


def _inflate(packed: Reader, most: int) -> bytes:
    engine = zlib.decompressobj(-15)
    out = bytearray()
    offset = 0
    try:
        while offset < packed.size and len(out) < most and not engine.eof:
            # Small steps: what a damaged step gave before its damage is lost.
            chunk = packed.read_at(offset, STEP)
            if not chunk:
                break
            offset += len(chunk)
            out += engine.decompress(chunk, most - len(out))
            while engine.unconsumed_tail and len(out) < most:
                out += engine.decompress(engine.unconsumed_tail, most - len(out))
    except zlib.error:
        pass  # what came out before the damage still names the format
    return bytes(out)


def _from_directory(reader: Reader, at: int, end: bytes) -> Listing:
    count, size, offset = struct.unpack("<10xHII", end[:20])
    directory_end = at
    wide = _wide_end(reader, at)
    if wide is not None:
        count, size, offset, directory_end = wide
    begin = directory_end - size
    if begin < 0:
        return Listing(complete=False, remarks=("the zip directory is larger than the file",))
    remarks = []
    complete = True
    shift = begin - offset
    if shift:
        remarks.append(f"{shift} bytes before the zip, or a wrong offset in it")
    if size > MAX_DIRECTORY or count > MAX_ENTRIES:
        remarks.append(f"a zip of {count} members: not all of them were listed")
        complete = False
    raw = reader.read_at(begin, min(size, MAX_DIRECTORY))
    entries = tuple(_entries(raw, shift))
    if complete and len(entries) != count:
        remarks.append(f"the zip says {count} members, {len(entries)} were found")
        complete = False
    return Listing(entries, complete, tuple(remarks))


def _wide_end(reader: Reader, at: int) -> tuple[int, int, int, int] | None:
    """Return count, size and offset of the directory and its end from the zip64 records, if there are any."""
    locator = reader.read_at(max(0, at - 20), 20)
    if not locator.startswith(LOCATOR64):
        return None
    # The offset in the locator is wrong by the length of a prefix, so the usual place is tried as well.
    for place in (struct.unpack("<8xQ4x", locator)[0], at - 20 - 56):
        record = reader.read_at(place, 56) if 0 <= place < reader.size else b""
        if len(record) == 56 and record.startswith(END64):
            count, size, offset = struct.unpack("<32xQQQ", record)
            return count, size, offset, place
    return None


def _entries(raw: bytes, shift: int) -> Iterator[Entry]:
    at = 0
    for _ in range(MAX_ENTRIES):
        if raw[at : at + 4] != CENTRAL or at + 46 > len(raw):
            return
        method, compressed, size, name_length, extra_length, comment_length, offset = struct.unpack(
            "<10xH8xIIHHH8xI", raw[at : at + 46]
        )
        name = raw[at + 46 : at + 46 + name_length]
        extra = raw[at + 46 + name_length : at + 46 + name_length + extra_length]
        size, compressed, offset = _widened(extra, size, compressed, offset)
        if len(name) == name_length:
            yield Entry(_name(name), method, compressed, size, max(0, offset + shift))
        at += 46 + name_length + extra_length + comment_length


def _widened(extra: bytes, *numbers: int) -> list[int]:
    """Replace each 0xffffffff by the next 64-bit number of the zip64 extra field."""
    wide: list[int] = []
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack("<HH", extra[at : at + 4])
        body = extra[at + 4 : at + 4 + length]
        if kind == 1:
            wide = list(struct.unpack(f"<{len(body) // 8}Q", body[: len(body) // 8 * 8]))
            break
        at += 4 + length
    return [wide.pop(0) if number == FULL32 and wide else number for number in numbers]


def _from_local_headers(reader: Reader) -> Listing:
    """Walk from one local header to the next: a zip whose end was cut off still shows what it starts with."""
    entries: list[Entry] = []
    at = 0
    while len(entries) < 256 and at < reader.size:
        head = reader.read_at(at, 30 + 512)
        if len(head) < 30 or not head.startswith(LOCAL):
            break
        flags, method, compressed, size, name_length, extra_length = struct.unpack("<6xHH8xIIHH", head[:30])
        extra = head[30 + name_length : 30 + name_length + extra_length]
        size, compressed = _widened(extra, size, compressed)
        begin = at + 30 + name_length + extra_length
        streamed = flags & 8 and not compressed
        if streamed:
            # Sizes stand behind the data: all that follows may be this member's, and no next header can be found.
            size = compressed = max(0, reader.size - begin)
        entries.append(Entry(_name(head[30 : 30 + name_length]), method, compressed, size, at))
        if streamed:
            break
        at = begin + compressed
    return Listing(tuple(entries), complete=False, remarks=("the zip has no directory: cut or damaged",))


def _name(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
