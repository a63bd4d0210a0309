"""The lanes of the outbox: put an event in, take from the front."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from aiguard_agent.core.event import Event, Lane
from aiguard_agent.core.outbox import Stored
from aiguard_agent.ledger.documents import body_bytes, body_of

INSERT: Mapping[Lane, str] = {
    lane: f"INSERT INTO outbox_{lane} (number, id, time_ms, body) "  # noqa: S608 - the lanes are our own words
    "VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"
    for lane in Lane
}
FRONT: Mapping[Lane, str] = {
    lane: f"SELECT min(number), max(number), count(*) FROM "  # noqa: S608 - as above
    f"(SELECT number FROM outbox_{lane} WHERE number <= ? ORDER BY number LIMIT ?)"
    for lane in Lane
}
DELETE: Mapping[Lane, str] = {
    lane: f"DELETE FROM outbox_{lane} WHERE number <= ?"  # noqa: S608 - as above
    for lane in Lane
}
READ: Mapping[Lane, str] = {
    lane: f"SELECT id, time_ms, body FROM outbox_{lane} WHERE number = ?"  # noqa: S608 - as above
    for lane in Lane
}
SIZES = " UNION ALL ".join(
    f"SELECT * FROM (SELECT number, '{lane}' AS lane, length(body) AS size FROM outbox_{lane} "  # noqa: S608 - as above
    "WHERE number > :after ORDER BY number LIMIT :limit)"
    for lane in Lane
)
NEXT = f"SELECT number, lane, size FROM ({SIZES}) ORDER BY number LIMIT :limit"  # noqa: S608 - as above
OLDEST = " UNION ALL ".join(
    f"SELECT * FROM (SELECT number, time_ms FROM outbox_{lane} "  # noqa: S608 - as above
    "WHERE number > :after ORDER BY number LIMIT 1)"
    for lane in Lane
)
LATEST = " UNION ALL ".join(
    f"SELECT max(number) AS number FROM outbox_{lane}"  # noqa: S608 - as above
    for lane in Lane
)
EVERYTHING = (1 << 63) - 1


def append(connection: sqlite3.Connection, number: int, event: Event) -> bool:
    """Put an event at the end of its lane; False when that very event (by id) stands there already."""
    row = (number, event.id, event.time_ms, body_bytes(event.body))
    return connection.execute(INSERT[event.lane], row).rowcount == 1


def take_front(connection: sqlite3.Connection, lane: Lane, rows: int, up_to: int = EVERYTHING) -> tuple[int, int, int]:
    """Delete up to `rows` events from the front of a lane; return first and last number, and how many."""
    first, last, count = connection.execute(FRONT[lane], (up_to, rows)).fetchone()
    if not count:
        return 0, 0, 0
    connection.execute(DELETE[lane], (last,))
    return first, last, count


def after(connection: sqlite3.Connection, number: int, limit: int, max_bytes: int) -> tuple[Stored, ...]:
    """Return the next events of all lanes in their order; sizes are looked at before bodies are read."""
    found: list[Stored] = []
    spent = 0
    for number_, lane, size in connection.execute(NEXT, {"after": number, "limit": limit}).fetchall():
        spent += size
        if found and spent > max_bytes:
            break
        row = connection.execute(READ[Lane(lane)], (number_,)).fetchone()
        if row is not None:
            event = Event(id=row[0], time_ms=row[1], lane=Lane(lane), body=body_of(row[2]))
            found.append(Stored(number=number_, event=event))
    return tuple(found)


def oldest(connection: sqlite3.Connection, number: int) -> tuple[int, int] | None:
    """Return number and time of the first event after a number, None when there is none."""
    rows = connection.execute(OLDEST, {"after": number}).fetchall()
    return min(rows) if rows else None


def latest(connection: sqlite3.Connection) -> int:
    """Return the highest number in any lane, 0 when all are empty."""
    return max((row[0] or 0 for row in connection.execute(LATEST)), default=0)
