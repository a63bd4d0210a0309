"""The protobuf wire format."""

import pytest

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.protobuf import BYTES, FIXED32, FIXED64, VARINT, Field, Protobuf, signed, varint
from aiguard_agent.identify.window import LEAST, Window


def walk(data: bytes, *, size: int | None = None, fields: int = 1000) -> Protobuf:
    return Protobuf(Window(BytesReader(data, size=size), first=64), fields=fields)


def test_every_wire_type_is_read() -> None:
    """Numbers, fixed numbers and bytes come with their values and places."""
    data = b"\x08\x96\x01" + b"\x11" + bytes(7) + b"\x01" + b"\x1a\x02hi" + b"\x25\x02\x00\x00\x00"

    fields = list(walk(data).fields(0, len(data)))

    assert [(f.number, f.wire) for f in fields] == [(1, VARINT), (2, FIXED64), (3, BYTES), (4, FIXED32)]
    assert [f.value for f in fields] == [150, 1 << 56, 2, 2]
    assert walk(data).text(fields[2]) == "hi"


def test_large_bytes_are_passed_over() -> None:
    """A gigabyte of data costs one small read."""
    big = 1 << 30
    data = b"\x0a\x80\x80\x80\x80\x04"
    reader = BytesReader(data, size=len(data) + big)

    fields = list(Protobuf(Window(reader)).fields(0, reader.size))

    assert [(f.start, f.end) for f in fields] == [(6, 6 + big)]
    assert reader.spent <= 8192


def test_jumps_stay_cheap() -> None:
    """Each payload that is passed over costs the least read at most."""
    payload = 100_000
    data = (b"\x0a\xa0\x8d\x06" + bytes(payload)) * 50
    reader = BytesReader(data)

    assert sum(1 for _ in Protobuf(Window(reader)).fields(0, len(data))) == 50
    assert reader.spent <= 8192 + 50 * LEAST


def test_a_cut_field_is_told_before_the_end() -> None:
    """The part of a payload that is in the file can still be read."""
    seen: list[Field] = []
    with pytest.raises(EOFError):
        seen.extend(walk(b"\x0a\x64abc").fields(0, 5))
    for field in walk(b"\x0a\x64abc").fields(0, 5):
        seen.append(field)
        break

    assert (seen[0].start, seen[0].end) == (2, 5)


@pytest.mark.parametrize(
    "data",
    [b"\x0b\x01", b"\x0c", b"\x0e\x01", b"\x00\x01", b"\x80" * 11 + b"\x01", b"\x08" + b"\xff" * 10 + b"\x01"],
)
def test_what_no_model_file_holds_is_refused(data: bytes) -> None:
    """Groups, reserved wire types, field number zero and endless numbers are a ValueError."""
    with pytest.raises(ValueError):
        list(walk(data).fields(0, len(data)))


def test_a_field_may_not_leave_its_message() -> None:
    """An inner length beyond the outer message is no truncation but a forgery."""
    data = b"\x0a\x03\x0a\x7f\x00" + bytes(200)
    outer = next(walk(data).fields(0, len(data)))

    with pytest.raises(ValueError, match="outside its message"):
        list(walk(data).inside(outer))


def test_the_number_of_fields_is_bounded_over_all_walks() -> None:
    """Many small fields end the reading, also when they are spread over many messages."""
    walker = walk(b"\x08\x01" * 20, fields=30)
    list(walker.fields(0, 40))

    with pytest.raises(ValueError, match="more fields"):
        list(walker.fields(0, 40))


def test_repeated_numbers_come_packed_or_single() -> None:
    """Both spellings of a repeated field are read; a negative number keeps its sign; endless lists are refused."""
    data = b"\x0a\x03\x01\x96\x01" + b"\x08\x07" + b"\x08" + b"\xff" * 9 + b"\x01"
    walker = walk(data)
    numbers = [walker.numbers(field) for field in walker.fields(0, len(data))]

    assert numbers == [(1, 150), (7,), (-1,)]
    long = b"\x0a\x7f" + b"\x01" * 127
    with pytest.raises(ValueError, match="too long"):
        walk(long).numbers(next(walk(long).fields(0, len(long))))


def test_a_map_entry_is_a_pair() -> None:
    """Key and value may come in either order; anything else in the entry is ignored."""
    data = b"\x0a\x08\x12\x01v\x0a\x01k\x18\x01"

    assert walk(data).pair(next(walk(data).fields(0, len(data)))) == ("k", "v")


def test_asking_a_number_for_bytes_is_an_error() -> None:
    """A field of another wire type than the schema says is a ValueError, not nonsense."""
    field = next(walk(b"\x08\x01").fields(0, 2))

    with pytest.raises(ValueError, match="holds no bytes"):
        walk(b"\x08\x01").raw(field)
    with pytest.raises(ValueError, match="no message"):
        walk(b"\x08\x01").inside(field)


def test_varints() -> None:
    """The longest number is all ones; a cut one is an EOF."""
    assert varint(b"\xff" * 9 + b"\x01", 0) == (2**64 - 1, 10)
    assert signed(2**64 - 1) == -1 and signed(5) == 5
    with pytest.raises(EOFError):
        varint(b"\x80", 0)
