"""List zips without trusting them."""

import io
import random
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.ziplist import (
    DEFLATED,
    MAX_ENTRIES,
    STORED,
    Entry,
    list_zip,
    looks_like_zip,
    open_member,
    read_member,
)


def make(members: dict[str, bytes], *, method: int = zipfile.ZIP_STORED, comment: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        archive.comment = comment
    return buffer.getvalue()


def names(data: bytes) -> list[str]:
    listing = list_zip(BytesReader(data))
    return [entry.name for entry in listing.entries] if listing else []


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_listed_and_read(method: int) -> None:
    """Names in their order, contents whole, stored or deflated."""
    data = make({"a/one": b"1" * 100, "two": b""}, method=method)
    reader = BytesReader(data)

    listing = list_zip(reader)

    assert listing is not None and listing.complete and not listing.remarks
    assert [entry.name for entry in listing.entries] == ["a/one", "two"]
    assert [read_member(reader, entry) for entry in listing.entries] == [b"1" * 100, b""]


def test_case_does_not_hide_a_member() -> None:
    """DATA.PKL is data.pkl to some readers, so it is to us."""
    listing = list_zip(BytesReader(make({"Root/DATA.PKL": b""})))

    assert listing is not None
    assert listing.find("root/data.pkl") is not None
    assert [entry.name for entry in listing.ending("data.pkl")] == ["Root/DATA.PKL"]
    assert not list(listing.ending("a.pkl"))


def test_a_long_comment_is_passed_over() -> None:
    """The end record is searched as far back as a comment can reach."""
    assert names(make({"x": b""}, comment=b"c" * 65_535)) == ["x"]


def test_bytes_before_the_zip_shift_it() -> None:
    """A self-extractor or a polyglot is listed, with a remark, and its members are read."""
    reader = BytesReader(b"#!/bin/sh\n" * 9 + make({"x": b"inside"}))

    listing = list_zip(reader)

    assert listing is not None
    assert listing.remarks == ("90 bytes before the zip, or a wrong offset in it",)
    assert read_member(reader, listing.entries[0]) == b"inside"


def test_a_zip_without_directory_is_walked() -> None:
    """A cut archive still shows its first members, and is not complete."""
    data = make({"x": b"inside", "y": b"more"})
    cut = data[: data.index(b"PK\x01\x02")]

    listing = list_zip(BytesReader(cut))

    assert listing is not None and not listing.complete
    assert [entry.name for entry in listing.entries] == ["x", "y"]


def test_zip64_numbers_are_read() -> None:
    """Sizes and offsets beyond 32 bits come from the extra field and the wide end record."""
    body = b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", 45, 0, 0, 0, 0, 0, 6, 6, 1, 0) + b"x" + b"inside"
    extra = struct.pack("<HHQQQ", 1, 24, 6, 6, 0)
    full = 0xFFFFFFFF
    central = b"PK\x01\x02" + struct.pack(
        "<HHHHHHIIIHHHHHII", 45, 45, 0, 0, 0, 0, 0, full, full, 1, len(extra), 0, 0, 0, 0, full
    )
    central += b"x" + extra
    at = len(body)
    wide = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1, 1, len(central), at)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, at + len(central), 1)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, full, full, 0)
    reader = BytesReader(body + central + wide + locator + end)

    listing = list_zip(reader)

    assert listing is not None and listing.complete and not listing.remarks
    assert listing.entries == (Entry("x", STORED, 6, 6, 0),)
    assert read_member(reader, listing.entries[0]) == b"inside"


def test_a_bomb_gives_no_more_than_was_asked() -> None:
    """A megabyte of zeros in a kilobyte comes out as the few bytes that are wanted."""
    data = make({"bomb": bytes(50_000_000)}, method=zipfile.ZIP_DEFLATED)
    reader = BytesReader(data)
    listing = list_zip(reader)

    assert listing is not None
    assert read_member(reader, listing.entries[0], most=1_000) == bytes(1_000)


def test_too_many_members_are_a_limit() -> None:
    """A directory of more members than we list is told and cut."""
    record = b"PK\x01\x02" + struct.pack("<HHHHHHIIIHHHHHII", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"x"
    count = MAX_ENTRIES + 10
    directory = record * count
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), 0, 0)

    listing = list_zip(BytesReader(directory + end))

    assert listing is not None and not listing.complete
    assert len(listing.entries) == MAX_ENTRIES
    assert listing.remarks == (f"a zip of {count} members: not all of them were listed",)


def test_a_forged_count_is_told() -> None:
    """A directory that holds fewer members than it says is not complete."""
    data = bytearray(make({"x": b""}))
    data[-14:-12] = (2).to_bytes(2, "little")
    data[-12:-10] = (2).to_bytes(2, "little")

    listing = list_zip(BytesReader(bytes(data)))

    assert listing is not None and not listing.complete
    assert listing.remarks == ("the zip says 2 members, 1 were found",)


@pytest.mark.parametrize(
    "entry", [Entry("x", STORED, 5, 5, 1 << 70), Entry("x", DEFLATED, 1 << 60, 5, 0), Entry("x", 99, 5, 5, 0)]
)
def test_a_forged_member_gives_nothing(entry: Entry) -> None:
    """Offsets beyond the file, sizes beyond reason and unknown methods end in no bytes."""
    assert read_member(BytesReader(make({"x": b"12345"})), entry) == b""


def test_a_damaged_member_gives_what_came_before() -> None:
    """Bytes before the damage still name the format."""
    data = random.Random(1).randbytes(8_000)
    packed = zlib.compress(data, 9)[2:-4]
    head = b"PK\x03\x04" + bytes(22) + struct.pack("<HH", 1, 0) + b"x"
    broken = head + packed[:6_000] + b"\xff" * 2_000

    out = read_member(BytesReader(broken), Entry("x", DEFLATED, len(broken), 5, 0))

    assert out[:2_000] == data[:2_000]


def test_no_zip_is_none() -> None:
    """Text is no zip, and the marks decide."""
    assert list_zip(BytesReader(b"hello")) is None
    assert not looks_like_zip(b"hello", b"hello")


def test_every_prefix_is_survived() -> None:
    """A file cut anywhere gives a listing or None, and members without an exception."""
    data = make({"a/data.pkl": b"x" * 40, "a/version": b"3"}, method=zipfile.ZIP_DEFLATED)

    for end in range(len(data)):
        reader = BytesReader(data[:end])
        listing = list_zip(reader)
        for entry in listing.entries if listing else ():
            read_member(reader, entry)


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255))
@settings(max_examples=100)
def test_any_bytes_give_a_listing_or_none(noise: bytes, at: int, value: int) -> None:
    """Neither noise nor a flipped byte raises."""
    data = bytearray(make({"a/data.pkl": b"x" * 40, "b": b"yy"}))
    data[at % len(data)] = value
    for content in (noise, bytes(data), noise + b"PK\x05\x06" + noise):
        reader = BytesReader(content)
        listing = list_zip(reader)
        for entry in listing.entries if listing else ():
            open_member(reader, entry)
            read_member(reader, entry)
