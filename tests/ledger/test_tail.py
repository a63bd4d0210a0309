"""What is kept in the outbox, as people look at it."""

from __future__ import annotations

from pathlib import Path

from ledger_samples import event, events, ledger_in

from aiguard_agent.core.event import Lane
from aiguard_agent.core.outbox import Stored

LANES = (Lane.TELEMETRY, Lane.CRITICAL, Lane.INFO)


def numbers(found: tuple[Stored, ...]) -> list[int]:
    return [one.number for one in found]


def test_the_newest_and_those_behind_a_number(tmp_path: Path) -> None:
    """All lanes in one order, by number; a limit keeps the newest, or the next ones; lanes can be chosen."""
    with ledger_in(tmp_path) as ledger:
        ledger.record(events(1.0, *(event(n, LANES[n % 3]) for n in range(1, 10))))
        history = ledger.history()

        assert numbers(history.last_events(4)) == [6, 7, 8, 9]
        assert numbers(history.last_events(2, [Lane.CRITICAL])) == [4, 7]
        assert numbers(history.last_events(0)) == []
        assert numbers(history.events_behind(3, 2)) == [4, 5]
        assert numbers(history.events_behind(4, 10, [Lane.CRITICAL, Lane.INFO])) == [5, 7, 8]
        assert history.events_behind(9, 10) == ()
        assert history.last_events(1)[0].event.body == {"n": 9, "fill": ""}


def test_how_many_are_kept(tmp_path: Path) -> None:
    """Every lane is named, an empty one too."""
    with ledger_in(tmp_path) as ledger:
        ledger.record(events(1.0, event(1, Lane.INFO), event(2, Lane.INFO)))

        assert ledger.history().events_kept() == {lane: 2 if lane is Lane.INFO else 0 for lane in Lane}
