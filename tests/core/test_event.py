"""Events and their ids."""

import pytest

from aiguard_agent.core.event import ulid


def test_the_known_answer() -> None:
    """A time and ten bytes give the id that the ULID specification's alphabet and order give."""
    assert ulid(1469918176385, bytes(10)) == "01ARYZ6S410000000000000000"


def test_later_ids_sort_later() -> None:
    """As text, ids sort by time, whatever the entropy."""
    assert ulid(1000, b"\xff" * 10) < ulid(1001, bytes(10))


def test_entropy_makes_the_difference() -> None:
    """Two events of one millisecond have two ids, and the last bit counts."""
    assert ulid(5, bytes(10)) != ulid(5, bytes(9) + b"\x01")


@pytest.mark.parametrize("time_ms", [-1, -(10**15), 1 << 48, 1 << 70])
def test_a_clock_gone_mad_still_gives_an_id(time_ms: int) -> None:
    """A time that a ULID cannot hold is moved to the nearest it can."""
    assert len(ulid(time_ms, bytes(10))) == 26
    assert ulid(time_ms, bytes(10)) == ulid(0 if time_ms < 0 else (1 << 48) - 1, bytes(10))


def test_too_little_entropy_is_refused() -> None:
    """An id is never made of fewer random bytes than promised."""
    with pytest.raises(ValueError, match="10 bytes"):
        ulid(1, b"abc")
