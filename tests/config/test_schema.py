"""The schema holds itself."""

from __future__ import annotations

import pytest

from aiguard_agent.config.keys import Key, keys, sections
from aiguard_agent.config.schema import METRICS_PORT, Config
from aiguard_agent.config.values import Bytes, Percent, Seconds

KEYS = list(keys().values())


def test_it_is_frozen_and_whole() -> None:
    """A configuration is a value: hashable, equal to another with the same content, not to be changed."""
    assert hash(Config()) == hash(Config())
    assert len(KEYS) > 40
    with pytest.raises(AttributeError):
        Config().probe.enabled = False  # type: ignore[misc]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_every_key_says_what_it_does_and_who_reads_it(key: Key) -> None:
    """Words are whole sentences; numbers are bounded on both sides; the default is within."""
    assert key.doc.does.endswith((".", "`."))
    assert key.doc.by
    assert key.fault(key.default) == ""
    if key.type in (Seconds, Bytes, Percent, int):
        assert key.doc.low is not None
        assert key.doc.high is not None


def test_every_section_says_what_it_is_about() -> None:
    """A section's docstring is its paragraph in the documentation."""
    assert [name for name, kind in sections().items() if not (kind.__doc__ or "").endswith((".", "`off`."))] == []


def test_the_metrics_port_is_nobody_elses() -> None:
    """It lies outside the exporters' range, below what kernels and Kubernetes hand out."""
    assert 9999 < METRICS_PORT < 30000
