"""What the agent allows itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiguard_agent.daemon.limits import Bucket, resident


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_fills_with_time_and_no_further_than_its_brim() -> None:
    """What was saved up is spent at once, what is overdrawn is waited for, and a long rest saves up no more."""
    clock = Clock()
    bucket = Bucket(rate=2.0, burst=10.0, clock=clock)

    bucket.spend(10.0)
    assert bucket.debt() == 0.0
    bucket.spend(4.0)
    assert bucket.debt() == 2.0
    clock.now += 1000
    bucket.spend(12.0)
    assert bucket.debt() == 1.0
    assert bucket.waited == 3.0


def test_a_bucket_grants_whole_units_that_are_there() -> None:
    """No more is granted than there is, never less than nothing."""
    clock = Clock()
    bucket = Bucket(rate=0.5, burst=3.0, clock=clock)

    assert (bucket.grant(2), bucket.grant(2), bucket.grant(2)) == (2, 1, 0)
    bucket.spend(5)
    assert bucket.grant(1) == 0
    clock.now += 100
    assert bucket.grant(9) == 3


def test_a_clock_that_stands_still_or_goes_back_fills_nothing() -> None:
    """Time that did not pass gives nothing."""
    clock = Clock()
    bucket = Bucket(rate=1.0, burst=5.0, clock=clock)
    bucket.spend(5.0)
    clock.now -= 100

    assert bucket.grant(1) == 0


def test_our_own_size_is_told() -> None:
    """A Python process is larger than a megabyte."""
    assert resident() > 1 << 20


@pytest.mark.parametrize("text", ["", "1", "x y z", "\xff"])
def test_a_size_that_cannot_be_told_is_zero(tmp_path: Path, text: str) -> None:
    """Nonsense is no reason to restart."""
    (tmp_path / "statm").write_text(text)

    assert resident(tmp_path / "statm") == 0
    assert resident(tmp_path / "missing") == 0
