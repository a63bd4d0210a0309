"""Assets and model versions; findings are in test_life and test_store."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ledger_samples import LIMITS, ledger_in, scan

from aiguard_agent.core.event import Event
from aiguard_agent.core.turn import Turns
from aiguard_agent.ledger.change import AssetSeen, Change, ModelSeen, Recorded
from aiguard_agent.ledger.store import Ledger

SERVER = AssetSeen(id="ollama@h:1", kind="server", document={"version": "1", "now": {"pid": 1}})


def see(ledger: Ledger, at: float, *assets: AssetSeen, whole: bool = True, unseen: str = "") -> list[str]:
    recorded = ledger.record(Change(at=at, assets=assets, whole=whole, unseen=frozenset([unseen])))
    return [turn.what.value for turn in recorded.turns.assets]


def lie(ledger: Ledger, at: float, **parts: str) -> Recorded:
    return ledger.record(replace(scan(at), models=(ModelSeen(place="/m.gguf\udcff", **parts),)))


def test_the_life_of_an_asset(tmp_path: Path) -> None:
    """Appeared, restarted (no news), changed, gone, back: told once each, first seen kept."""
    restarted = replace(SERVER, document={"version": "1", "now": {"pid": 2}})
    upgraded = replace(SERVER, document={"version": "2", "now": {"pid": 2}})
    with ledger_in(tmp_path) as ledger:
        assert see(ledger, 1.0, SERVER) == ["appeared"]
        assert see(ledger, 2.0, restarted) == []
        assert see(ledger, 3.0, upgraded) == ["changed"]
        assert see(ledger, 4.0, whole=False) == []
        assert see(ledger, 5.0, unseen=SERVER.id) == []
        assert see(ledger, 6.0) == ["gone"]
        assert see(ledger, 7.0) == []
        assert ledger.history().assets() == ()
        assert ledger.history().assets(gone=True)[0].gone_at == 6.0
        assert see(ledger, 8.0, upgraded) == ["appeared"]
        (known,) = ledger.history().assets()

    assert (known.first_seen, known.last_seen, known.document["version"]) == (1.0, 8.0, "2")


def test_a_swapped_model(tmp_path: Path) -> None:
    """Other bytes at the same place are a swap, told once; the versions stay known in their order."""
    with ledger_in(tmp_path) as ledger:
        assert lie(ledger, 1.0, digest="a").turns.models == ()
        assert lie(ledger, 2.0, digest="a").turns.models == ()
        (turn,) = lie(ledger, 3.0, digest="b").turns.models
        assert (turn.before, turn.after, turn.before_seen) == ("sha256:a", "sha256:b", 1.0)
        assert len(lie(ledger, 4.0, digest="a").turns.models) == 1
        found = ledger.history().versions("/m.gguf\udcff")

    assert [(one.identity, one.superseded_by, one.superseded_at) for one in found] == [
        ("sha256:a", "sha256:b", 3.0),
        ("sha256:b", "sha256:a", 4.0),
        ("sha256:a", "", None),
    ]


def test_learning_a_digest_is_no_swap(tmp_path: Path) -> None:
    """A digest computed later is added to the version; then both count, and a part that is missing is not compared."""
    with ledger_in(tmp_path) as ledger:
        lie(ledger, 1.0, fingerprint="f")
        assert lie(ledger, 2.0, fingerprint="f", digest="d").turns.models == ()
        assert lie(ledger, 3.0, fingerprint="f").turns.models == ()
        assert lie(ledger, 4.0).turns.models == ()
        (version,) = ledger.history().versions("/m.gguf\udcff")
        assert (version.identity, version.seen) == ("sha256:d", 1.0)

        assert len(lie(ledger, 5.0, fingerprint="f", digest="e").turns.models) == 1
        assert len(lie(ledger, 6.0, fingerprint="g", digest="e").turns.models) == 1


def test_a_change_that_was_taken_back_is_told_later(tmp_path: Path) -> None:
    """An asset whose change was rolled back with its group is changed in the next scan, touch or not."""

    def fail(turns: Turns) -> list[Event]:
        raise ZeroDivisionError

    upgraded = replace(SERVER, document={"version": "2"})
    with ledger_in(tmp_path, replace(LIMITS, touch_seconds=60.0)) as ledger:
        see(ledger, 1.0, SERVER)
        with pytest.raises(ZeroDivisionError):
            ledger.record(Change(at=2.0, assets=(upgraded,), whole=True, render=fail))

        assert see(ledger, 3.0, upgraded) == ["changed"]
        assert see(ledger, 4.0, upgraded) == []
