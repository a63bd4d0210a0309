"""The reserve, and the way out of a full database; full disks are in test_full_disk."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from ledger_samples import LIMITS, event

from aiguard_agent.ledger.lanes import append
from aiguard_agent.ledger.limits import PAGE
from aiguard_agent.ledger.reserve import Reserve, climb, free_bytes, vacuum
from aiguard_agent.ledger.schema import connect, migrate


def test_held_and_given_up(tmp_path: Path) -> None:
    """A reserve that is held takes its blocks on the disk; given up it is gone; both may be done twice."""
    reserve = Reserve(tmp_path / "r", 1 << 20)
    assert not reserve.held
    assert reserve.hold()
    assert reserve.hold()
    assert (tmp_path / "r").stat().st_blocks * 512 >= 1 << 20

    reserve.release()
    reserve.release()
    assert not (tmp_path / "r").exists()


def test_a_reserve_of_nothing_is_renewed(tmp_path: Path) -> None:
    """A file of the right name and size that holds no blocks is no reserve."""
    with (tmp_path / "r").open("wb") as file:
        file.truncate(1 << 20)
    reserve = Reserve(tmp_path / "r", 1 << 20)
    assert not reserve.held

    assert reserve.hold()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """What stands in the place of the reserve is replaced, not written through."""
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "r").symlink_to(tmp_path / "victim")

    assert Reserve(tmp_path / "r", 1 << 16).hold()
    assert (tmp_path / "victim").read_text() == "precious"


def test_no_room_for_a_reserve(tmp_path: Path) -> None:
    """A reserve larger than the disk, or in no directory, is not held, and nothing is left of the attempt."""
    assert not Reserve(tmp_path / "r", 1 << 60).hold()
    assert not Reserve(tmp_path / "nowhere" / "r", 1 << 16).hold()
    assert list(tmp_path.iterdir()) == []
    assert free_bytes(tmp_path / "nowhere") == 0


def test_somebody_may_want_no_reserve(tmp_path: Path) -> None:
    """A reserve of no size is held, and makes no file."""
    assert Reserve(tmp_path / "r", 0).hold()
    assert list(tmp_path.iterdir()) == []


def test_climbing_out_of_a_full_database(tmp_path: Path) -> None:
    """At the cap rows go until a transaction fits again; the reserve is not touched while the disk has space."""
    limits = replace(LIMITS, max_bytes=300 * PAGE)
    reserve = Reserve(tmp_path / "r", limits.reserve_bytes)
    reserve.hold()
    kept = (tmp_path / "r").stat().st_ino
    with closing(connect(str(tmp_path / "f"), limits)) as connection:
        migrate(connection, "f")
        number = 0
        while connection.execute("PRAGMA page_count").fetchone()[0] < 295:
            number += 1
            append(connection, number, event(number, size=1000))

        assert climb(connection, reserve, limits, tmp_path)

        left = connection.execute("SELECT count(*) FROM outbox_telemetry").fetchone()[0]
        assert 0 < left < number
        assert connection.execute("PRAGMA page_count").fetchone()[0] <= 270
    assert (tmp_path / "r").stat().st_ino == kept


def test_all_free_pages_are_handed_back(tmp_path: Path) -> None:
    """One call frees every page, not one of them."""
    with closing(connect(str(tmp_path / "f"), LIMITS)) as connection:
        migrate(connection, "f")
        for number in range(200):
            append(connection, number, event(number, size=1000))
        connection.execute("DELETE FROM outbox_telemetry")
        assert connection.execute("PRAGMA freelist_count").fetchone()[0] > 40

        vacuum(connection)

        assert connection.execute("PRAGMA freelist_count").fetchone()[0] == 0
