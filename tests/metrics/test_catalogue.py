"""The table of all metrics: names, types, limits."""

from __future__ import annotations

import re

import pytest

from aiguard_agent.metrics.catalogue import SERIES, Spec, catalogue

ALL = catalogue()
NEVER = {"pid", "path", "digest", "user", "client", "url", "model", "name", "server", "host", "subject", "le"}


def test_the_limits_fit_the_host_together() -> None:
    """Whatever the host: all limits together are at most 500 series."""
    assert 300 < sum(spec.series for spec in ALL) <= SERIES


def test_no_name_comes_twice() -> None:
    """Each metric has its own name, also without the ending that OpenMetrics takes off."""
    bare = [re.sub(r"_(total|info)$", "", spec.name) for spec in ALL]

    assert len(ALL) > 40
    assert len(set(bare)) == len(bare)


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.name)
def test_names_follow_the_conventions(spec: Spec) -> None:
    """`aiguard_`, snake case, base units, `_total` on counters and on nothing else, no label that can grow."""
    assert re.fullmatch(r"aiguard_[a-z]+(_[a-z]+)*", spec.name)
    assert spec.name.endswith("_total") == (spec.kind == "counter")
    assert spec.name.endswith("_info") == (spec.kind == "info")
    assert not re.search(r"_(ms|milliseconds|minutes|kb|mb|percent|megabytes|count|sum|bucket)(_|$)", spec.name)
    assert spec.help.endswith(".")
    assert not NEVER & set(spec.labels)
    assert bool(spec.labels) or spec.limit == 1
