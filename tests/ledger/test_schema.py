"""Versions of the file, and what every connection is told."""

from __future__ import annotations

import ast
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from ledger_samples import LIMITS, event, finding, ledger_in, scan

import aiguard_agent
from aiguard_agent.core.finding import Severity
from aiguard_agent.errors import LedgerTooNew
from aiguard_agent.ledger.limits import PAGE, Limits
from aiguard_agent.ledger.schema import APPLICATION_ID, STEPS, connect, migrate, version_of

FIXTURES = sorted((Path(__file__).parent / "files").glob("v*.sql"))
MORE = (*STEPS, "CREATE TABLE novelty (x); INSERT INTO novelty VALUES (7);")


def restore(fixture: Path, target: Path) -> None:
    """Make the file that an older agent left behind."""
    with closing(sqlite3.connect(target)) as connection:
        connection.executescript("PRAGMA auto_vacuum = INCREMENTAL;" + fixture.read_text())
        connection.executescript(
            f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {fixture.stem.removeprefix('v')};"
        )


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: path.stem)
def test_files_of_every_version_are_read(fixture: Path, tmp_path: Path) -> None:
    """What an agent of any version recorded is there, is not told anew, and outputs go on where they were."""
    restore(fixture, tmp_path / "ledger.db")

    with ledger_in(tmp_path) as ledger:
        ledger.use_outputs(["siem"])
        assert {one.subject for one in ledger.history().last_findings()} == {"a", "b\udcff"}
        assert [one.event.id for one in ledger.outbox("siem").batch(100)].count(event(1).id) == 1
        assert ledger.outbox("siem").batch(100)[0].number == 2
        assert [version.superseded_by for version in ledger.history().versions("/m.gguf")] == [f"sha256:{'b' * 64}", ""]
        assert not ledger.record(scan(3000.0, finding("a"), finding("b\udcff", Severity.INFO))).events


def test_there_is_a_fixture_of_every_version() -> None:
    """Who adds a step keeps a file of the version before."""
    assert [path.stem for path in FIXTURES] == [f"v{number + 1}" for number in range(len(STEPS))]


def test_a_step_forwards(tmp_path: Path) -> None:
    """A file of an older schema is brought to the newer, with what is in it, and only once."""
    with ledger_in(tmp_path) as ledger:
        ledger.record(scan(1.0, finding()))
    with closing(connect(str(tmp_path / "ledger.db"), LIMITS)) as connection:
        assert migrate(connection, "f", MORE) == len(STEPS)
        assert migrate(connection, "f", MORE) == len(MORE)

        assert connection.execute("SELECT x FROM novelty").fetchall() == [(7,)]
        assert connection.execute("SELECT count(*) FROM findings").fetchone() == (1,)


def test_a_step_that_fails_leaves_the_version_before(tmp_path: Path) -> None:
    """Half a migration never happens."""
    with closing(connect(str(tmp_path / "f"), LIMITS)) as connection:
        migrate(connection, "f")
        with pytest.raises(sqlite3.OperationalError, match="nonsense"):
            migrate(connection, "f", (*STEPS, "CREATE TABLE half (x); nonsense;"))

        assert version_of(connection) == len(STEPS)
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)


def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    """The words name the file, both versions and what to do; the file is not moved aside."""
    ledger_in(tmp_path).close()
    with closing(connect(str(tmp_path / "ledger.db"), LIMITS)) as connection:
        migrate(connection, "f", MORE)

    with pytest.raises(LedgerTooNew, match=rf"ledger\.db was written by a newer agent \(schema {len(MORE)}.*install"):
        ledger_in(tmp_path)
    with pytest.raises(LedgerTooNew):  # and the lock was given up
        ledger_in(tmp_path)
    assert not list(tmp_path.glob("*.aside-*"))


def test_every_connection_knows_the_cap(tmp_path: Path) -> None:
    """The size cap, the sync mode and the small log hold for the second connection as for the first."""
    limits = Limits(max_bytes=100 * PAGE)
    path = str(tmp_path / "f")
    with closing(connect(path, limits)) as first, closing(connect(path, limits)) as second:
        migrate(first, "f")
        for connection in (first, second):
            told = [
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("max_page_count", "synchronous", "wal_autocheckpoint", "auto_vacuum", "journal_mode")
            ]
            assert told == [100, 2, 100, 2, "wal"]


def test_nobody_else_knows_the_database() -> None:
    """sqlite3 is imported below ledger/ and nowhere else, in whichever room comes next."""
    root = Path(aiguard_agent.__file__).parent
    guilty = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if "sqlite3" in names:
                guilty.add(path.relative_to(root).parts[0])

    assert guilty == {"ledger"}
