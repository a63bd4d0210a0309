"""FlatBuffers tables."""

import struct

import pytest

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.flatbuffer import Flatbuffer
from aiguard_agent.identify.window import Window

# root -> 16: vtable at 8 (size 8, table 8, field 0 at 4, field 1 absent); table at 16, field 0 -> vector at 24
DATA = struct.pack("<I4s", 16, b"TEST") + struct.pack("<HHHH", 8, 12, 4, 0) + struct.pack("<iI", 8, 4)
DATA += struct.pack("<I", 3) + b"abc\0"


def flat(data: bytes = DATA, **limits: int) -> Flatbuffer:
    return Flatbuffer(Window(BytesReader(data)), **limits)


def test_fields_are_found_through_the_vtable() -> None:
    """A present field has its value, an absent or later one its default."""
    walk = flat()
    table = walk.root()

    assert walk.text(table, 0) == "abc"
    assert walk.number(table, 1, 4, default=7) == 7
    assert walk.text(table, 9) == "" and walk.table(table, 9) == 0 and walk.tables(table, 9, 10) == []
    assert walk.text(0, 0) == ""


@pytest.mark.parametrize("place", range(0, len(DATA), 4))
@pytest.mark.parametrize("value", [0, 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_any_number_forged_ends_well(place: int, value: int) -> None:
    """Whatever one number becomes, the walk gives text, an EOF or a ValueError."""
    data = DATA[:place] + struct.pack("<I", value) + DATA[place + 4 :]
    walk = flat(data)
    try:
        table = walk.root()
        assert isinstance(walk.text(table, 0), str)
        assert walk.tables(table, 0, 10) is not None
    except (EOFError, ValueError):
        pass


def test_long_lists_are_refused() -> None:
    """A list beyond what the caller allows is a ValueError, one beyond the file an EOF."""
    with pytest.raises(ValueError, match="claims 3 members"):
        flat().numbers(16, 0, 1, most=2)
    with pytest.raises(EOFError):
        flat().numbers(16, 0, 8)


def test_the_number_of_looks_is_bounded() -> None:
    """All walks over one buffer share one count."""
    walk = flat(steps=5)
    with pytest.raises(ValueError, match="more fields"):
        for _ in range(6):
            walk.field(16, 0)


def test_large_vectors_are_not_read() -> None:
    """The count of a vector of a gigabyte costs one small read."""
    data = DATA[:24] + struct.pack("<I", 1 << 30) + bytes(100)
    reader = BytesReader(data, size=2 << 30)

    assert Flatbuffer(Window(reader)).vector(16, 0, 1) == (28, 1 << 30)
    assert reader.spent < 20_000
