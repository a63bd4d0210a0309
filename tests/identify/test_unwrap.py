"""Undo one layer of compression."""

import bz2
import gzip
import lzma
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.unwrap import ENGINES, compression, unwrap

PACK = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
}


@pytest.mark.parametrize("kind", PACK)
def test_each_kind_is_told_and_undone(kind: str) -> None:
    """The magic names it, the content comes out."""
    data = bytes(range(256)) * 700

    packed = PACK[kind](data)

    assert compression(packed) == kind
    assert unwrap(BytesReader(packed), kind) == data


@pytest.mark.parametrize("kind", PACK)
def test_a_bomb_ends_at_the_bound(kind: str) -> None:
    """20 MB of zeros come out as what is wanted of them."""
    packed = PACK[kind](bytes(20_000_000))

    assert unwrap(BytesReader(packed), kind, 5_000) == bytes(5_000)


@pytest.mark.parametrize("kind", PACK)
def test_every_cut_gives_a_prefix(kind: str) -> None:
    """A cut file gives what there is of it."""
    data = bytes(range(256)) * 3
    packed = PACK[kind](data)

    for end in range(0, len(packed), 7):
        assert data.startswith(unwrap(BytesReader(packed[:end]), kind))


@pytest.mark.parametrize(
    "head", [b"x\x00text", b"xylophone", b"BZh9 not", b"]\x00\x00", b"\x1f\x8b\x00", b"hello", b""]
)
def test_other_bytes_are_no_compression(head: bytes) -> None:
    """Two bytes that only resemble a magic are not enough."""
    assert compression(head) == ""


def test_an_lzma_header_that_asks_for_memory_is_refused() -> None:
    """A dictionary of 4 GB is a bomb of its own."""
    packed = b"\x5d\xff\xff\xff\xff" + b"\xff" * 8 + bytes(40)

    assert unwrap(BytesReader(packed), "lzma") == b""


def test_lz4_is_named_and_left_alone() -> None:
    """It is told apart, but needs a library we do not bring."""
    packed = b"\x04\x22\x4d\x18" + bytes(20)

    assert compression(packed) == "lz4"
    assert unwrap(BytesReader(packed), "lz4") == b""


@given(st.sampled_from(sorted(ENGINES)), st.binary(max_size=200))
@settings(max_examples=100)
def test_any_bytes_are_survived(kind: str, noise: bytes) -> None:
    """Damage behind a good start does not raise."""
    packed = PACK[kind](b"hello" * 50)

    assert len(unwrap(BytesReader(packed[:20] + noise), kind)) <= 1024 * 1024
