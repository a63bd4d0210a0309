"""The version of a ledger without opening it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from ledger_samples import LIMITS, finding, ledger_in, scan

from aiguard_agent.errors import LedgerFault, LedgerTooNew
from aiguard_agent.ledger.header import schema_in
from aiguard_agent.ledger.schema import STEPS, connect, migrate


def test_ours(tmp_path: Path) -> None:
    """A ledger tells its version, and nothing is made beside it; one that was only just made has none."""
    with ledger_in(tmp_path) as ledger:
        ledger.record(scan(1.0, finding()))
    before = sorted(tmp_path.iterdir())
    (empty := tmp_path / "empty").touch()

    assert schema_in(tmp_path / "ledger.db") == len(STEPS)
    assert schema_in(empty) == 0
    assert sorted(tmp_path.iterdir()) == sorted([*before, empty])


def test_not_ours(tmp_path: Path) -> None:
    """A newer one, another program's, garbage and a stump are told apart from ours."""
    new, foreign, garbage, stump = (tmp_path / name for name in ("new", "foreign", "garbage", "stump"))
    with closing(connect(str(new), LIMITS)) as connection:
        migrate(connection, "f", (*STEPS, "CREATE TABLE novelty (x);"))
    with closing(connect(str(foreign), LIMITS)) as connection:
        connection.execute("PRAGMA application_id = 7")
        connection.execute("CREATE TABLE x (y)")
    garbage.write_bytes(b"garbage " * 99)
    stump.write_bytes(b"SQLite format 3\0")

    with pytest.raises(LedgerTooNew, match="newer agent"):
        schema_in(new)
    with pytest.raises(LedgerFault, match="another program"):
        schema_in(foreign)
    for path in (garbage, stump):
        with pytest.raises(LedgerFault, match="damaged"):
            schema_in(path)
