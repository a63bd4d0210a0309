"""The way to one target."""

from __future__ import annotations

import time

import pytest
from hostile_servers import FAST, OK, alive, get, says, serving, target

from aiguard_agent.probe.connect import Line, addresses


@pytest.mark.parametrize(
    ("family", "address", "expected"),
    [
        ("tcp4", "0.0.0.0", ("127.0.0.1",)),
        ("tcp4", "10.1.2.3", ("10.1.2.3",)),
        ("tcp6", "::", ("::1", "127.0.0.1")),
        ("tcp6", "fd00::1", ("fd00::1",)),
    ],
)
def test_bound_addresses_are_asked_and_wildcards_through_loopback(
    family: str, address: str, expected: tuple[str, ...]
) -> None:
    """Only a wildcard is replaced, and only by loopback."""
    assert tuple(addresses(target(80, family=family, address=address))) == expected


def test_a_deadline_in_the_past_sends_nothing() -> None:
    """When the scan's time is over a question ends as a time-out before connecting."""
    with serving(says(OK)) as server:
        line = Line(target(server.port), FAST, time.monotonic() - 1, alive)

        answer = line.ask(get())

    assert (answer.error, line.timed_out, server.connections) == ("timeout", True, 0)
