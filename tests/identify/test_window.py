"""Reading in small steps."""

import struct

import pytest

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.window import LEAST, Cursor, Window


def test_bytes_come_from_anywhere() -> None:
    """Forwards, backwards and across the edge of the buffer, the bytes are those of the file."""
    data = bytes(range(256)) * 64
    window = Window(BytesReader(data), first=100)

    for offset, length in [(0, 4), (90, 40), (9000, 300), (5, 5), (len(data) - 1, 1), (0, len(data))]:
        assert window.bytes_at(offset, length) == data[offset : offset + length]


@pytest.mark.parametrize(("offset", "length"), [(10, 1), (0, 11), (-1, 1), (2**70, 1), (0, -1)])
def test_bytes_that_are_not_there_are_an_eof(offset: int, length: int) -> None:
    """A place outside the file is the end of the file, whatever the number."""
    with pytest.raises(EOFError):
        Window(BytesReader(bytes(10))).bytes_at(offset, length)


def test_a_file_shorter_than_it_says_is_an_eof() -> None:
    """A file that shrank while it was read does not give short values."""
    with pytest.raises(EOFError):
        Window(BytesReader(bytes(10), size=1000)).bytes_at(8, 4)


def test_a_peek_takes_what_there_is() -> None:
    """At the end of the file a peek is short; behind it there is nothing to see."""
    window = Window(BytesReader(b"0123456789", size=100), first=4)

    assert [window.peek(place, 4) for place in (0, 2, 8)] == [b"0123", b"2345", b"89"]
    with pytest.raises(EOFError):
        window.peek(10, 4)


def test_a_part_hides_what_is_outside() -> None:
    """Bytes before and behind the part do not exist."""
    window = Window(BytesReader(b"0123456789"), start=2, end=5)

    assert window.bytes_at(2, 3) == b"234"
    for offset in (1, 5):
        with pytest.raises(EOFError):
            window.bytes_at(offset, 1)


def test_jumps_read_little_and_runs_read_more() -> None:
    """Far jumps fetch the least, so that a header between huge tensors stays cheap."""
    reader = BytesReader(bytes(10_000_000))
    window = Window(reader)
    window.u32(0)
    before = reader.spent
    for place in range(1_000_000, 9_000_000, 100_000):
        window.u64(place)

    assert reader.spent - before == 80 * LEAST


@pytest.mark.parametrize("big", [False, True])
def test_strings_are_skipped_in_both_byte_orders(big: bool) -> None:
    """After the strings the cursor stands exactly behind the last one, whatever the buffer's edges."""
    order = ">" if big else "<"
    lengths = [0, 1, 700, 5000, 3] * 50
    data = b"".join(struct.pack(order + "Q", n) + bytes(n) for n in lengths)
    cursor = Cursor(Window(BytesReader(data + b"end"), first=64), big=big)

    cursor.skip_strings(len(lengths), 8)

    assert cursor.take(3) == b"end"


def test_a_string_longer_than_the_file_is_an_eof() -> None:
    """A forged length does not move the cursor out of the file."""
    cursor = Cursor(Window(BytesReader(struct.pack("<Q", 2**63) + b"x")))

    with pytest.raises(EOFError):
        cursor.skip_strings(1, 8)
