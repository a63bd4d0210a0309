"""Whatever is found in the place of the file."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from ledger_samples import LIMITS, finding, ledger_in, scan

from aiguard_agent.errors import LedgerBusy
from aiguard_agent.ledger.opening import KEEP_ASIDE, broken, hold_lock, is_broken, move_aside, open_database


def other_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1);")


def filled(path: Path) -> None:
    with ledger_in(path.parent) as ledger:
        ledger.record(scan(1.0, *(finding(f"s{number}") for number in range(200))))
    path.with_name("ledger.reserve").unlink()


def scribbled(path: Path) -> None:
    filled(path)
    data = bytearray(path.read_bytes())
    data[5000:60_000] = b"\xa5" * 55_000
    path.write_bytes(data)


def cut(path: Path) -> None:
    filled(path)
    os.truncate(path, path.stat().st_size // 2)


FOREIGN: list[Callable[[Path], object]] = [
    other_program,
    scribbled,
    cut,
    lambda path: path.write_bytes(b"not a database, and long enough to be one " * 100),
    lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(4000)),
    lambda path: path.mkdir(),
    lambda path: path.symlink_to("/etc/passwd"),
    lambda path: os.mkfifo(path),
]


@pytest.mark.parametrize("make", FOREIGN)
def test_what_is_not_a_ledger_is_kept_aside(make: Callable[[Path], object], tmp_path: Path) -> None:
    """Damaged or foreign, it is renamed with the time in its name and told; the fresh ledger works."""
    make(tmp_path / "ledger.db")
    before = os.lstat(tmp_path / "ledger.db").st_ino

    with ledger_in(tmp_path) as ledger:
        (note,) = ledger.notes
        assert note.what == "aside"
        assert "ledger.db.aside-20231114T221320Z" in note.words
        assert ledger.record(scan(1.0, finding())).events
        assert ledger.flush()
    assert os.lstat(tmp_path / "ledger.db.aside-20231114T221320Z").st_ino == before
    with ledger_in(tmp_path) as ledger:
        assert ledger.notes == ()
        assert len(ledger.history().last_findings()) == 1


@pytest.mark.parametrize("make", [lambda path: path.touch(), lambda path: None, filled])
def test_what_is_a_ledger_is_not(make: Callable[[Path], object], tmp_path: Path) -> None:
    """No file, an empty one (we were killed right after making it) and a good one are taken as they are."""
    make(tmp_path / "ledger.db")

    with ledger_in(tmp_path) as ledger:
        assert ledger.notes == ()
        assert ledger.durable
    assert not list(tmp_path.glob("*.aside-*"))


def test_only_the_owner_may_read(tmp_path: Path) -> None:
    """The directory is made for us alone, and so is every file in it."""
    with ledger_in(tmp_path / "state") as ledger:
        ledger.record(scan(1.0, finding()))
        ledger.flush()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (tmp_path / "state").iterdir()}

        assert set(modes.values()) == {0}
        assert len(modes) == 5
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_a_directory_that_cannot_be(tmp_path: Path) -> None:
    """Where no directory can be made the ledger lives in memory and says that it will forget."""
    (tmp_path / "file").touch()

    with ledger_in(tmp_path / "file" / "state") as ledger:
        (note,) = ledger.notes
        assert note.what == "memory"
        assert "Not a directory" in note.words
        assert "lost when the agent stops" in note.words
        assert not ledger.durable
        ledger.record(scan(1.0, finding()))
        assert ledger.history().last_findings() == (finding(),)
        ledger.use_outputs(["siem"])
        assert len(ledger.outbox("siem").batch(5)) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_of_others(tmp_path: Path) -> None:
    """Without the right to write there the ledger lives in memory."""
    tmp_path.chmod(0o500)
    with ledger_in(tmp_path) as ledger:
        assert [note.what for note in ledger.notes] == ["memory"]


def test_the_lock_names_its_holder(tmp_path: Path) -> None:
    """Who comes second learns the pid; after the holder's end the lock is free, whatever pid stands in the file."""
    descriptor = hold_lock(tmp_path / "lock")
    with pytest.raises(LedgerBusy) as refused:
        hold_lock(tmp_path / "lock")
    assert refused.value.pid == os.getpid()
    assert str(os.getpid()) in str(refused.value)

    os.close(descriptor)
    os.close(hold_lock(tmp_path / "lock"))


def test_a_lock_file_without_a_pid(tmp_path: Path) -> None:
    """A holder that could not write its pid is still a holder."""
    descriptor = hold_lock(tmp_path / "lock")
    (tmp_path / "lock").write_text("")

    with pytest.raises(LedgerBusy, match="another process") as refused:
        hold_lock(tmp_path / "lock")
    assert refused.value.pid is None
    os.close(descriptor)


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link in the place of the lock is an error of the directory, and the file behind it stays as it was."""
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "ledger.lock").symlink_to(tmp_path / "victim")

    opened = open_database(tmp_path, LIMITS, 0.0)
    opened.connection.close()

    assert [note.what for note in opened.notes] == ["memory"]
    assert (tmp_path / "victim").read_text() == "precious"


def test_only_the_newest_asides_are_kept(tmp_path: Path) -> None:
    """A disk that damages the file every day is not filled by us; the log goes with its file."""
    for number in range(5):
        (tmp_path / "ledger.db").write_text(str(number))
        (tmp_path / "ledger.db-wal").write_text(str(number))
        move_aside(tmp_path / "ledger.db", 0.0)

    kept = sorted(path.read_text() for path in tmp_path.glob("*.aside-*") if not path.name.endswith("-wal"))
    assert kept == ["3", "4"]
    assert len(list(tmp_path.glob("*-wal"))) == KEEP_ASIDE


def test_only_the_file_itself_is_broken() -> None:
    """A full disk or a locked file is no reason to begin afresh."""
    full = sqlite3.OperationalError("full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL

    assert is_broken(broken("x"))
    assert not is_broken(full)
    assert not is_broken(sqlite3.ProgrammingError("closed"))
