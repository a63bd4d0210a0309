"""Header messages of HDF5 objects."""

import struct

import pytest

from aiguard_agent.identify import hdf5_messages as messages


def test_spaces_of_both_versions() -> None:
    """Sizes are the same behind the longer and the shorter preface; no rank is a scalar."""
    assert messages.read_space(bytes([1, 2, 0, 0, 0, 0, 0, 0]) + struct.pack("<2Q", 3, 4)) == (3, 4)
    assert messages.read_space(bytes([2, 1, 0, 1]) + struct.pack("<Q", 5)) == (5,)
    assert messages.read_space(bytes([2, 0, 0, 0])) == ()


@pytest.mark.parametrize("raw", [b"", b"\1", bytes([1, 2, 0, 0, 0, 0, 0, 0]), bytes([2, 3, 0, 1]) + bytes(8)])
def test_a_short_space_is_an_eof(raw: bytes) -> None:
    """Sizes that are not there are not invented."""
    with pytest.raises(EOFError):
        messages.read_space(raw)


@pytest.mark.parametrize("raw", [bytes([3, 0, 0, 0]), bytes([1, 200, 0, 0])])
def test_an_impossible_space_is_refused(raw: bytes) -> None:
    """An unknown version or an absurd rank is a ValueError."""
    with pytest.raises(ValueError, match="dataspace"):
        messages.read_space(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"\x11\x20\x1f\0\4\0\0\0", "F32"),
        (b"\x11\x20\x0f\0\2\0\0\0" + bytes(9) + b"\x08", "BF16"),
        (b"\x11\x20\x0f\0\2\0\0\0" + bytes(9) + b"\x05", "F16"),
        (b"\x10\x08\0\0\x08\0\0\0", "I64"),
        (b"\x10\0\0\0\1\0\0\0", "U8"),
        (b"\x13\0\0\0\5\0\0\0", "STRING"),
        (b"\x1a\0\0\0\5\0\0\0", "CLASS_10"),
    ],
)
def test_types_have_names(raw: bytes, expected: str) -> None:
    """Numbers are named by kind and bits; what is not a number by its class."""
    assert messages.type_name(raw) == expected


def test_links_of_every_kind() -> None:
    """A hard link has an address, a soft one nothing to follow, an external one another file."""
    assert messages.read_link(bytes([1, 0, 1]) + b"a" + struct.pack("<Q", 77)) == messages.Link(b"a", 0, 77)
    soft = bytes([1, 8, 1, 1]) + b"s" + struct.pack("<H", 2) + b"/x"
    assert messages.read_link(soft).kind == messages.SOFT
    outside = bytes([1, 8, 64, 1]) + b"e" + struct.pack("<H", 9) + b"\0/f.h5\0x\0"
    assert messages.read_link(outside).target == "/f.h5"
    with pytest.raises(EOFError):
        messages.read_link(bytes([1, 3]) + b"\xff" * 8)


def test_attributes_of_every_version() -> None:
    """Padding and the letter set's byte are passed over."""
    kind, space = b"\x13\0\0\0\2\0\0\0", bytes([2, 0, 0, 0])
    sizes = struct.pack("<3H", 2, 8, 4)
    padded = b"\1\0" + sizes + b"k\0".ljust(8, b"\0") + kind + space.ljust(8, b"\0") + b"hi"
    plain = b"\2\0" + sizes + b"k\0" + kind + space + b"hi"
    lettered = b"\3\0" + sizes + b"\1" + b"k\0" + kind + space + b"hi"

    for raw in (padded, plain, lettered):
        assert messages.read_attribute(raw) == messages.Attribute("k", kind, (), b"hi")
    with pytest.raises(ValueError, match="unknown kind"):
        messages.read_attribute(b"\4\0" + sizes + bytes(50))
    with pytest.raises(EOFError):
        messages.read_attribute(plain[:10])


def test_dense_storage_has_a_heap() -> None:
    """The address of the heap follows an index that may be there."""
    assert messages.heap_of(b"\0\0" + struct.pack("<Q", 9), indexed_by=8) == 9
    assert messages.heap_of(b"\0\1" + bytes(8) + struct.pack("<Q", 9), indexed_by=8) == 9
