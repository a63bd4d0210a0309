"""What a scan leaves behind."""

import pytest

from aiguard_agent.identify.pickle_values import Ended, Global, Made, Scan


@pytest.mark.parametrize(
    ("more", "expected"),
    [({}, False), ({"globals": (Global("a", "b"),)}, True), ({"dynamic": True}, True), ({"extensions": True}, True)],
)
def test_every_way_to_import_counts(more: dict[str, object], expected: bool) -> None:
    """A global, a computed name and a number of the registry all import."""
    assert Scan(ended=Ended.STOP, **more).imports is expected  # type: ignore[arg-type]


def test_calls_are_told_apart_by_identity() -> None:
    """Two equal calls are two objects: comparing them must never walk their contents."""
    assert Made(Global("a", "b")) != Made(Global("a", "b"))
