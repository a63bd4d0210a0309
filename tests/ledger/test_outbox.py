"""What outputs see."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledger_samples import event, events, ledger_in

from aiguard_agent.core.event import Lane
from aiguard_agent.core.outbox import Outbox
from aiguard_agent.ledger.store import Ledger


def numbers(box: Outbox, limit: int = 100) -> list[int]:
    return [one.event.time_ms for one in box.batch(limit)]


def put(ledger: Ledger, *given: int, lane: Lane = Lane.TELEMETRY, size: int = 0) -> None:
    ledger.record(events(1.0, *(event(number, lane, size) for number in given)))
    ledger.flush()


def count(ledger: Ledger) -> int:
    """Return how many events are kept at all."""
    ledger.flush()
    rows = [ledger._writer.connection.execute(f"SELECT count(*) FROM outbox_{lane}").fetchone()[0] for lane in Lane]
    return sum(rows)


def test_lanes_come_out_in_one_order(tmp_path: Path) -> None:
    """Events leave in the order they were recorded, whichever lanes they lie in."""
    with ledger_in(tmp_path) as ledger:
        ledger.use_outputs(["a"])
        for number, lane in enumerate([*Lane, *reversed(Lane)]):
            put(ledger, number, lane=lane)

        assert numbers(ledger.outbox("a")) == list(range(10))
        assert numbers(ledger.outbox("a"), 3) == [0, 1, 2]


def test_only_durable_events_are_sent(tmp_path: Path) -> None:
    """What is not on the disk yet is not handed out: it could still be lost, and be sent all the same."""
    with ledger_in(tmp_path) as ledger:
        ledger.use_outputs(["a"])
        ledger.record(events(1.0, event(1)))
        assert numbers(ledger.outbox("a")) == []

        ledger.flush()
        assert numbers(ledger.outbox("a")) == [1]


def test_a_batch_comes_again_until_it_arrived(tmp_path: Path) -> None:
    """At least once: after a restart too, what was not advanced over comes again, the rest does not."""
    with ledger_in(tmp_path) as ledger:
        ledger.use_outputs(["a"])
        put(ledger, 1, 2, 3)
        box = ledger.outbox("a")
        assert numbers(box) == numbers(box) == [1, 2, 3]
        box.advance(box.batch(1)[0].number)
        assert numbers(box) == [2, 3]
    with ledger_in(tmp_path) as ledger:
        ledger.use_outputs(["a"])

        assert numbers(ledger.outbox("a")) == [2, 3]


def test_cursors_only_go_forward(tmp_path: Path) -> None:
    """Neither a smaller number nor one that was never given moves a cursor where it should not be."""
    with ledger_in(tmp_path) as ledger:
        ledger.use_outputs(["a"])
        put(ledger, 1, 2, 3)
        box = ledger.outbox("a")
        box.advance(2)
        box.advance(1)
        assert numbers(box) == [3]
        box.advance(10**9)
        put(ledger, 4)

        assert numbers(box) == [4]


def test_an_event_stays_until_every_output_has_it(tmp_path: Path) -> None:
    """The slowest output decides; one that was taken out of the configuration holds nothing back."""
    with ledger_in(tmp_path) as ledger:
        ledger.use_outputs(["fast", "slow"])
        put(ledger, 1, 2, 3)
        ledger.outbox("fast").advance(3)
        ledger.outbox("slow").advance(1)
        assert numbers(ledger.outbox("fast")) == []
        assert numbers(ledger.outbox("slow")) == [2, 3]
        assert count(ledger) == 2

        ledger.use_outputs(["fast"])
        assert count(ledger) == 0
        with pytest.raises(KeyError):
            ledger.outbox("slow")


def test_without_outputs_everything_is_kept(tmp_path: Path) -> None:
    """An output that is configured later still gets what happened before."""
    with ledger_in(tmp_path) as ledger:
        put(ledger, 1, 2)
        ledger.use_outputs([])
        assert count(ledger) == 2

        ledger.use_outputs(["late"])
        assert numbers(ledger.outbox("late")) == [1, 2]


def test_numbers_are_never_used_again(tmp_path: Path) -> None:
    """After everything was sent and removed, and after a restart, numbers go on."""
    with ledger_in(tmp_path) as ledger:
        ledger.use_outputs(["a"])
        put(ledger, 1, 2, 3)
        ledger.outbox("a").advance(3)
        assert count(ledger) == 0
    with ledger_in(tmp_path) as ledger:
        ledger.use_outputs(["a"])
        put(ledger, 4)

        assert [one.number for one in ledger.outbox("a").batch(5)] == [4]


def test_a_batch_is_bounded_in_bytes(tmp_path: Path) -> None:
    """Large events come a few at a time, and one above the bound comes alone, never not at all."""
    with ledger_in(tmp_path) as ledger:
        ledger.use_outputs(["a"])
        put(ledger, 1, 2, 3, size=1000)
        box = ledger.outbox("a")

        assert len(box.batch(10, max_bytes=2500)) == 2
        assert len(box.batch(10, max_bytes=10)) == 1


def test_lag(tmp_path: Path) -> None:
    """How many wait at most and since when; nothing when nothing does."""
    with ledger_in(tmp_path) as ledger:
        ledger.use_outputs(["a"])
        box = ledger.outbox("a")
        assert (box.lag().events, box.lag().oldest_ms) == (0, None)

        put(ledger, 5, 6, 7)
        box.advance(1)
        assert (box.lag().events, box.lag().oldest_ms) == (2, 6)


def test_a_large_backlog_is_removed_bit_by_bit(tmp_path: Path) -> None:
    """More sent events than one commit removes are gone after some commits."""
    with ledger_in(tmp_path) as ledger:
        ledger.use_outputs(["a"])
        put(ledger, *range(2500))
        ledger.outbox("a").advance(2500)
        assert count(ledger) == 1500
        assert count(ledger) == 500

        assert count(ledger) == 0
