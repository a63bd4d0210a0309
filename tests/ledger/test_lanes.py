"""Lanes of the outbox."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from ledger_samples import LIMITS, event

from aiguard_agent.core.event import Lane
from aiguard_agent.ledger.lanes import after, append, latest, oldest, take_front
from aiguard_agent.ledger.schema import connect, migrate


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(connect(":memory:", LIMITS)) as opened:
        migrate(opened, "memory")
        yield opened


def test_every_lane_takes_and_gives(connection: sqlite3.Connection) -> None:
    """What was put into a lane comes out as it was, in the order of the numbers."""
    given = [event(number, lane) for number, lane in enumerate(Lane)]
    for number, one in enumerate(given):
        assert append(connection, number + 1, one)

    assert [one.event for one in after(connection, 0, 100, 1 << 20)] == given
    assert [one.number for one in after(connection, 2, 2, 1 << 20)] == [3, 4]
    assert latest(connection) == len(Lane)


def test_the_same_id_is_the_same_event(connection: sqlite3.Connection) -> None:
    """A second event of the same id is not put in."""
    assert append(connection, 1, event(1))
    assert not append(connection, 2, event(1))


def test_the_front_is_taken(connection: sqlite3.Connection) -> None:
    """So many from the front, not above the bound, and the numbers they had; from an empty lane nothing."""
    for number in range(1, 8):
        append(connection, number, event(number))

    assert take_front(connection, Lane.TELEMETRY, 3) == (1, 3, 3)
    assert take_front(connection, Lane.TELEMETRY, 3, up_to=5) == (4, 5, 2)
    assert take_front(connection, Lane.TELEMETRY, 3, up_to=5) == (0, 0, 0)
    assert take_front(connection, Lane.INFO, 3) == (0, 0, 0)


def test_the_oldest(connection: sqlite3.Connection) -> None:
    """The first after a number over all lanes, None after the last; an empty outbox has no latest."""
    assert (oldest(connection, 0), latest(connection)) == (None, 0)
    append(connection, 4, event(40, Lane.TELEMETRY))
    append(connection, 6, event(60, Lane.CRITICAL))

    assert oldest(connection, 0) == (4, 40)
    assert oldest(connection, 4) == (6, 60)
    assert oldest(connection, 6) is None
