"""Bounded bytes."""

from __future__ import annotations

import pytest

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.errors import BudgetExceeded


def test_reads_count_and_end_at_the_file() -> None:
    """Past the end there are fewer bytes, and only what was read is spent."""
    reader = BytesReader(b"0123456789")

    assert reader.read_at(8, 100) == b"89"
    assert reader.read_at(50, 5) == b""
    assert (reader.size, reader.spent) == (10, 2)


def test_the_budget_is_a_wall() -> None:
    """A read that would exceed the budget is refused whole; what was read before stays."""
    reader = BytesReader(bytes(100), budget=10)
    reader.read_at(0, 10)

    with pytest.raises(BudgetExceeded):
        reader.read_at(10, 1)
    assert reader.spent == 10


def test_a_stand_in_for_a_huge_file() -> None:
    """`size` may be larger than the bytes at hand."""
    reader = BytesReader(b"head", size=10 << 30)

    assert (reader.size, reader.read_at(0, 4)) == (10 << 30, b"head")


@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, -1)])
def test_negative_places_are_a_mistake(offset: int, length: int) -> None:
    """A parser that computes a negative offset is wrong, and hears so."""
    with pytest.raises(ValueError, match="negative"):
        BytesReader(b"x").read_at(offset, length)
