"""What the agent counts about itself."""

from __future__ import annotations

import pytest

from aiguard_agent.metrics.selfreport import BUCKETS, Durations


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(-1.0, 0), (0.0, 0), (0.1, 0), (0.100001, 1), (60.0, 7), (60.1, 8), (1e9, 8)]
)
def test_a_duration_falls_into_its_bucket(seconds: float, bucket: int) -> None:
    """Bounds belong to the bucket below them; what is longer than all goes into the last."""
    counts = Durations().observe(seconds).counts

    assert [place for place, count in enumerate(counts) if count] == [bucket]


def test_cumulative_as_an_exposition_wants_it() -> None:
    """Each bound counts all that took at most so long, the last one everything."""
    told = Durations().observe(0.05).observe(0.7).observe(100).cumulative()

    assert len(told) == len(BUCKETS) + 1
    assert dict(told) == {"0.1": 1, "0.5": 1, "1.0": 2, "2.5": 2, "5.0": 2, "10.0": 2, "30.0": 2, "60.0": 2, "+Inf": 3}


def test_observing_leaves_the_value_alone() -> None:
    """Durations are values: who holds one holds it unchanged."""
    before = Durations()
    after = before.observe(2.0)

    assert (before.seconds, after.seconds) == (0.0, 2.0)
    assert before == Durations()
