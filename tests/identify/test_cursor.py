"""Read forward with skips."""

import pytest

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.cursor import CHUNK, MAX_LINE, Cursor, Limit, Truncated


def test_skipped_bytes_are_not_read() -> None:
    """A gigabyte that is passed over costs nothing."""
    reader = BytesReader(b"ab", size=1 << 30)
    cursor = Cursor(reader, 0, 1 << 30)

    cursor.take(1)
    cursor.skip(1 << 29)

    assert cursor.position == (1 << 29) + 1
    assert reader.spent == 2


def test_reading_across_chunks_is_seamless() -> None:
    """Bytes, takes and lines over a chunk's border come out whole."""
    data = bytes(CHUNK - 1) + b"xyz\nline\n!"
    cursor = Cursor(BytesReader(data), 0, len(data))
    cursor.byte()
    cursor.skip(CHUNK - 2)

    assert (cursor.take(2), cursor.byte(), cursor.line(), cursor.line()) == (b"xy", ord("z"), b"", b"line")
    assert (cursor.byte(), cursor.position) == (ord("!"), len(data))


@pytest.mark.parametrize("step", [lambda c: c.byte(), lambda c: c.take(4), lambda c: c.skip(4), lambda c: c.line()])
def test_the_end_is_truncated(step) -> None:
    """Asking for more than there is says so."""
    cursor = Cursor(BytesReader(b"abc"), 0, 3)
    cursor.take(3)

    with pytest.raises(Truncated):
        step(cursor)


def test_the_end_of_the_part_counts() -> None:
    """Bytes behind the part belong to somebody else."""
    cursor = Cursor(BytesReader(b"abcdef"), 2, 4)

    assert cursor.take(2) == b"cd"
    with pytest.raises(Truncated):
        cursor.byte()


def test_a_long_line_is_passed_over() -> None:
    """A line that nobody wants costs no memory, and the next one is read."""
    data = b"x" * (MAX_LINE + CHUNK) + b"\nnext\n"
    cursor = Cursor(BytesReader(data), 0, len(data))

    assert (cursor.line(), cursor.line()) == (None, b"next")


def test_too_many_bytes_are_a_limit() -> None:
    """The walk stops at its own bound, before the reader's budget."""
    size = 16 * 1024 * 1024
    cursor = Cursor(BytesReader(bytes(size)), 0, size)

    with pytest.raises(Limit):
        for _ in range(size // CHUNK):
            cursor.take(CHUNK)
