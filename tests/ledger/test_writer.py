"""The one writer, when things go wrong under it."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from ledger_samples import LIMITS, event, events, finding, ledger_in, scan, told

from aiguard_agent.core.event import Event, Lane
from aiguard_agent.core.finding import Severity
from aiguard_agent.ledger.limits import PAGE
from aiguard_agent.ledger.store import Ledger
from aiguard_agent.ledger.writer import HELD, Item, urgent

TINY = replace(LIMITS, max_bytes=120 * PAGE, least_bytes=0)


def damage(ledger: Ledger, path: Path) -> None:
    """Overwrite the whole file under a ledger that has nothing of it in memory."""
    ledger.flush()
    connection = ledger._writer.connection
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.execute("PRAGMA shrink_memory")
    path.write_bytes(b"\xa5" * path.stat().st_size)


def sent(ledger: Ledger) -> list[Event]:
    ledger.use_outputs(["siem"])
    return [one.event for one in ledger.outbox("siem").batch(100_000, 1 << 30)]


def test_a_file_damaged_while_it_is_written(tmp_path: Path) -> None:
    """The change that meets the damage is recorded afresh, the file is kept, it is told, and numbers go on."""
    with ledger_in(tmp_path) as ledger:
        ledger.use_outputs(["siem"])
        ledger.record(scan(1.0, *(finding(f"s{number}") for number in range(50))))
        damage(ledger, tmp_path / "ledger.db")

        recorded = ledger.record(scan(2.0, finding("new", Severity.CRITICAL)))

        assert recorded.durable
        assert told(recorded) == ["opened"]
        assert [note.what for note in ledger.notes] == ["aside"]
        assert ledger.health == ""
        assert [one.number for one in ledger.outbox("siem").batch(10)] == [51]
        assert ledger.history().last_findings() == (finding("new", Severity.CRITICAL),)
    assert len(list(tmp_path.glob("*.aside-*Z"))) == 1


def test_a_file_damaged_while_it_is_read(tmp_path: Path) -> None:
    """A reader that meets the damage gets an answer of the fresh file, and the next change is recorded."""
    with ledger_in(tmp_path) as ledger:
        ledger.use_outputs(["siem"])
        ledger.record(scan(1.0, *(finding(f"s{number}") for number in range(50))))
        damage(ledger, tmp_path / "ledger.db")

        assert ledger.outbox("siem").batch(10) == ()
        assert [note.what for note in ledger.notes] == ["aside"]
        assert told(ledger.record(scan(2.0, finding("new")))) == ["opened"]
        assert ledger.flush()


def test_critical_events_are_never_dropped(tmp_path: Path) -> None:
    """Under a cap the least worth go first, and of critical ones none."""
    with ledger_in(tmp_path, TINY) as ledger:
        for number in range(30):
            ledger.record(events(1.0, event(number, Lane.CRITICAL, 500)))
        for number in range(100, 1000, 5):
            lanes = (Lane.FINDING, Lane.INFO, Lane.INVENTORY, Lane.TELEMETRY, Lane.TELEMETRY)
            ledger.record(events(1.0, *(event(number + n, lane, 500) for n, lane in enumerate(lanes))))
            ledger.flush()
        found = [one.lane for one in sent(ledger) if "n" in one.body]
        lost = {loss.lane: loss.total for loss in ledger.history().losses()}

        assert found.count(Lane.CRITICAL) == 30
        assert found.count(Lane.TELEMETRY) + lost[Lane.TELEMETRY] == 360
        for lane in (Lane.FINDING, Lane.INFO, Lane.INVENTORY):
            assert found.count(lane) + lost.get(lane, 0) == 180
        assert lost[Lane.INVENTORY] >= lost.get(Lane.INFO, 0) >= lost.get(Lane.FINDING, 0)
        assert ledger.size().file <= 120


def test_when_only_critical_things_are_left(tmp_path: Path) -> None:
    """Full of critical events: others are refused and counted, a critical finding that is there is counted on."""
    with ledger_in(tmp_path, TINY) as ledger:
        ledger.record(scan(0.0, finding("there", Severity.CRITICAL)))
        number = 0
        while not ledger.health and number < 2000:
            number += 1
            ledger.record(events(1.0, event(number, Lane.CRITICAL, 700)))
        assert 50 < number < 2000
        refused = ledger.record(events(2.0, event(5000, Lane.FINDING, 700)))
        ledger.flush()
        again = ledger.record(scan(3.0, finding("there", Severity.CRITICAL)))
        ledger.flush()
        past = ledger.history().finding(finding("there").key)

        assert "full" in ledger.health or refused.refused or refused.failure
        assert again.failure == ""
        assert past is not None
        assert (past.count, past.last_seen) == (2, 3.0)
        kept = [one for one in sent(ledger) if one.body.get("n", 0) > 4000]
        lost = sum(loss.total for loss in ledger.history().losses() if loss.lane is Lane.FINDING)
        assert len(kept) + lost == 1

        ledger.outbox("siem").advance(ledger.newest())
        ledger.flush()
        assert ledger.record(events(4.0, event(6000, Lane.FINDING))).refused == 0
        assert ledger.flush()
        assert ledger.health == ""


def test_losses_are_told_once(tmp_path: Path) -> None:
    """When there is room again one event says which numbers are missing, and no second one does."""
    with ledger_in(tmp_path, TINY) as ledger:
        for number in range(3000):
            ledger.record(events(1.0, event(number, size=80)))
        ledger.flush()
        ledger.use_outputs(["siem"])
        box = ledger.outbox("siem")
        box.advance(ledger.newest())
        ledger.flush()
        for at in (2.0, 3.0):
            ledger.record(events(at, event(1000 + int(at))))
            ledger.flush()
        (loss,) = ledger.history().losses()
        tell = [one.event.body for one in box.batch(100) if one.event.body.get("kind") == "events-dropped"]

        assert len(tell) == 1
        assert (tell[0]["count"], tell[0]["first"], tell[0]["lane"]) == (loss.total, 1, "telemetry")
        assert (loss.untold, loss.total > 100) == (0, True)


def test_a_body_that_is_no_json_is_refused_whole(tmp_path: Path) -> None:
    """An event that cannot be written takes its own change with it, not those before it in the group."""
    with ledger_in(tmp_path) as ledger:
        ledger.record(events(1.0, event(1)))
        with pytest.raises(TypeError):
            ledger.record(events(1.0, event(2), replace(event(3), body={"x": object()})))
        ledger.flush()

        assert [one.id for one in sent(ledger)] == [event(1).id]


def test_a_database_that_refuses_everything(tmp_path: Path) -> None:
    """An error that nothing cures is told and not raised; when it is over the finding is told after all."""
    with ledger_in(tmp_path) as ledger:
        connection = ledger._writer.connection
        connection.execute("PRAGMA query_only = ON")
        critical = event(1, Lane.CRITICAL)
        recorded = ledger.record(replace(scan(1.0, finding()), events=(critical, event(2))))
        assert (recorded.durable, recorded.events, told(recorded)) == (False, (), [])
        assert "cannot be written" in recorded.failure == ledger.health
        connection.execute("PRAGMA query_only = OFF")

        recorded = ledger.record(scan(2.0, finding()))

        assert (recorded.durable, told(recorded), ledger.health) == (False, ["opened"], "") or recorded.durable
        assert ledger.flush()
        assert critical.id in [one.id for one in sent(ledger)]
        (loss,) = ledger.history().losses()
        assert (loss.lane, loss.reason, loss.total) == (Lane.TELEMETRY, "no-space", 1)


def test_replayed_events_keep_their_ids(tmp_path: Path) -> None:
    """A group that has to be applied again gives the events that were returned the first time."""
    with ledger_in(tmp_path) as ledger:
        first = ledger.record(scan(1.0, finding("a")))
        ledger._writer.recover(sqlite3.OperationalError("once"))

        assert [one.id for one in sent(ledger)] == [one.id for one in first.events]
        assert len(first.events) == 1


def test_an_idle_ledger_writes_nothing(tmp_path: Path) -> None:
    """A commit without changes leaves the log as it is."""
    with ledger_in(tmp_path, replace(LIMITS, touch_seconds=60.0)) as ledger:
        ledger.record(scan(1.0, finding()))
        ledger.flush()
        before = (tmp_path / "ledger.db-wal").stat()
        for at in range(2, 30):
            ledger.record(scan(float(at), finding()))
            ledger.flush()
        after = (tmp_path / "ledger.db-wal").stat()

        assert (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)


@pytest.mark.parametrize(("lane", "expected"), [(Lane.CRITICAL, True), (Lane.FINDING, False), (Lane.TELEMETRY, False)])
def test_what_is_urgent(lane: Lane, expected: bool) -> None:
    """Critical events do not wait, no others hurry."""
    change = events(1.0, event(1, lane))

    assert urgent(Item(change=change, scan=0, events=change.events)) is expected


def test_memory_is_bounded_too(tmp_path: Path) -> None:
    """A ledger in memory has the same cap, and drops and counts as one on a disk does."""
    (tmp_path / "file").touch()
    with ledger_in(tmp_path / "file", TINY) as ledger:
        for number in range(3000):
            ledger.record(events(1.0, event(number, size=80)))
        ledger.flush()
        kept = [one for one in sent(ledger) if "n" in one.body]

        assert not ledger.durable
        assert ledger.size().file <= 120
        assert len(kept) + sum(loss.total for loss in ledger.history().losses()) == 3000


def test_critical_events_that_memory_cannot_hold_are_counted(tmp_path: Path) -> None:
    """So many wait for the disk; what is beyond that is a loss that is told, not a silence."""
    with ledger_in(tmp_path) as ledger:
        ledger._writer.connection.execute("PRAGMA query_only = ON")
        for number in range(HELD + 5):
            ledger._writer.group.clear()
            ledger._writer._refuse([event(number, Lane.CRITICAL)])
        ledger._writer.connection.execute("PRAGMA query_only = OFF")
        assert ledger.record(events(1.0)).durable
        found = sent(ledger)

        assert [one.lane for one in found].count(Lane.CRITICAL) == HELD
        assert [(loss.lane, loss.total) for loss in ledger.history().losses()] == [(Lane.CRITICAL, 5)]


def test_a_damaged_file_that_cannot_be_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When no fresh file can be begun the ledger goes on in memory, and says both."""
    with ledger_in(tmp_path) as ledger:
        ledger.use_outputs(["siem"])
        ledger.record(scan(1.0, *(finding(f"s{number}") for number in range(50))))
        damage(ledger, tmp_path / "ledger.db")
        monkeypatch.setattr("aiguard_agent.ledger.opening.move_aside", refuse)

        assert ledger.outbox("siem").batch(10) == ()
        assert told(ledger.record(scan(2.0, finding("new")))) == ["opened"]
        assert [note.what for note in ledger.notes] == ["memory"]
        assert "was damaged" in ledger.notes[0].words
        assert not ledger.durable
        assert len(ledger.outbox("siem").batch(10)) == 1


def refuse(path: Path, now: float) -> Path:
    raise PermissionError(13, "Permission denied")
