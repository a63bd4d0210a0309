"""Look at the events that are kept, for people: the newest ones, those behind a number, how many there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping

from aiguard_agent.core.event import Event, Lane
from aiguard_agent.core.outbox import Stored
from aiguard_agent.ledger.documents import body_of

_LAST: Mapping[Lane, str] = {
    lane: f"SELECT number, id, time_ms, body FROM outbox_{lane} ORDER BY number DESC LIMIT ?"  # noqa: S608 - the lanes are our own words
    for lane in Lane
}
_AFTER: Mapping[Lane, str] = {
    lane: f"SELECT number, id, time_ms, body FROM outbox_{lane} WHERE number > ? ORDER BY number LIMIT ?"  # noqa: S608 - as above
    for lane in Lane
}
_COUNT: Mapping[Lane, str] = {
    lane: f"SELECT count(*) FROM outbox_{lane}"  # noqa: S608 - as above
    for lane in Lane
}


def last(connection: sqlite3.Connection, limit: int, lanes: Collection[Lane]) -> tuple[Stored, ...]:
    """Return the newest events of these lanes, the oldest of them first."""
    found = [_stored(lane, row) for lane in lanes for row in connection.execute(_LAST[lane], (limit,)).fetchall()]
    return tuple(sorted(found, key=lambda one: one.number)[-limit:] if limit else ())


def behind(connection: sqlite3.Connection, number: int, limit: int, lanes: Collection[Lane]) -> tuple[Stored, ...]:
    """Return the first events of these lanes that have a higher number."""
    found = [
        _stored(lane, row) for lane in lanes for row in connection.execute(_AFTER[lane], (number, limit)).fetchall()
    ]
    return tuple(sorted(found, key=lambda one: one.number)[:limit])


def kept(connection: sqlite3.Connection) -> dict[Lane, int]:
    """Return how many events each lane holds."""
    return {lane: int(connection.execute(_COUNT[lane]).fetchone()[0]) for lane in Lane}


def _stored(lane: Lane, row: tuple[int, str, int, bytes]) -> Stored:
    number, identity, time_ms, body = row
    return Stored(number=number, event=Event(id=identity, time_ms=time_ms, lane=lane, body=body_of(body)))
