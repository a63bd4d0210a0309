"""How much room there is, and what goes first."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from ledger_samples import LIMITS, event

from aiguard_agent.core.event import Lane
from aiguard_agent.ledger.lanes import append
from aiguard_agent.ledger.limits import PAGE
from aiguard_agent.ledger.losses import all_losses
from aiguard_agent.ledger.quota import Pages, drop, make_room, pages, spare_bytes
from aiguard_agent.ledger.schema import connect, migrate


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(connect(":memory:", LIMITS)) as opened:
        migrate(opened, "memory")
        yield opened


def fill_history(connection: sqlite3.Connection) -> None:
    life = "'r', 's', 4, 'resolved', 0, 0, 1, 0, 1, 1, 0, 'x', '{told}', 'x', 4, 'd', '{{}}'"
    for key, state in (("told", "resolved"), ("untold", "open")):
        connection.execute(f"INSERT INTO findings VALUES ('{key}', {life.format(told=state)})")
    connection.execute(
        "INSERT INTO assets VALUES ('gone', 'model', 0, 0, 5, 'd', '{}'), ('there', 'model', 0, 0, NULL, 'd', '{}')"
    )
    connection.execute(
        "INSERT INTO model_versions VALUES (1, 'p', 'a', '', '', 0, 'b', 1), (2, 'p', 'b', '', '', 1, NULL, NULL)"
    )


def test_the_order_of_dropping(connection: sqlite3.Connection) -> None:
    """Telemetry, inventory, info, history, findings; never critical, nor what is there or still has to be told."""
    for number, lane in enumerate(Lane):
        append(connection, number + 1, event(number, lane))
    fill_history(connection)
    tables = [*(f"outbox_{lane}" for lane in Lane), "findings", "assets", "model_versions"]
    order = []
    while True:
        before = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
        if not drop(connection):
            break
        order += [t for t in tables if connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] < before[t]]

    assert order == [
        "outbox_telemetry", "outbox_inventory", "outbox_info", "findings", "assets", "model_versions", "outbox_finding",
    ]  # fmt: skip
    assert connection.execute("SELECT id FROM outbox_critical").fetchall() == [(event(0).id,)]
    assert connection.execute("SELECT key FROM findings").fetchall() == [("untold",)]
    assert connection.execute("SELECT id FROM assets").fetchall() == [("there",)]
    assert connection.execute("SELECT identity FROM model_versions").fetchall() == [("b",)]
    assert {loss.lane: loss.total for loss in all_losses(connection)} == dict.fromkeys(
        [Lane.FINDING, Lane.INFO, Lane.INVENTORY, Lane.TELEMETRY], 1
    )


def test_the_oldest_go_first(connection: sqlite3.Connection) -> None:
    """Within a lane the front is dropped, as many as asked for."""
    for number in range(1, 11):
        append(connection, number, event(number))
    drop(connection, rows=4)

    (loss,) = all_losses(connection)
    assert (loss.first, loss.last, loss.total) == (1, 4, 4)
    assert connection.execute("SELECT min(number) FROM outbox_telemetry").fetchone() == (5,)


def test_room_is_made_and_no_more(connection: sqlite3.Connection) -> None:
    """What is over the cap goes, what fits stays."""
    limits = replace(LIMITS, max_bytes=150 * PAGE)
    for number in range(1, 401):
        append(connection, number, event(number, size=1000))
    found = make_room(connection, limits, None)

    assert not found.full
    assert found.used > found.cap * 0.85


@pytest.mark.parametrize(("used", "full", "room"), [(96, True, False), (95, False, False), (90, False, True)])
def test_between_full_and_room_nothing_happens(used: int, full: bool, room: bool) -> None:
    """Dropping begins above the one mark and telling below the other, so that they do not chase each other."""
    found = Pages(used=used, file=100, cap=100)

    assert (found.full, found.room) == (full, room)


def test_the_filesystem_of_others_is_left_alone(connection: sqlite3.Connection, tmp_path: Path) -> None:
    """When less is free than must stay free the file may not grow, but for its least size."""
    greedy = replace(LIMITS, keep_free_bytes=1 << 60, least_bytes=0)

    assert spare_bytes(tmp_path, greedy) < 0
    assert pages(connection, greedy, tmp_path).cap == pages(connection, greedy, tmp_path).file
    assert pages(connection, replace(greedy, least_bytes=1 << 20), tmp_path).cap == 256
    assert pages(connection, LIMITS, tmp_path).cap > 256


def test_a_directory_that_is_gone_has_no_room(tmp_path: Path) -> None:
    """What cannot be measured is not grown into."""
    assert spare_bytes(tmp_path / "nowhere", LIMITS) == 0
