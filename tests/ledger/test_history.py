"""Reading back, from within and from another process."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest
from ledger_samples import LIMITS, finding, ledger_in, scan

from aiguard_agent.core.finding import FindingState
from aiguard_agent.errors import LedgerFault, LedgerTooNew
from aiguard_agent.ledger.history import open_history
from aiguard_agent.ledger.life import State
from aiguard_agent.ledger.schema import STEPS, connect, migrate


def test_past_findings(tmp_path: Path) -> None:
    """Open and waived ones are the last scan's; the resolved ones come when asked for; an unknown key is None."""
    waived = finding("w", state=FindingState.WAIVED)
    with ledger_in(tmp_path) as ledger:
        ledger.record(scan(1.0, finding("a"), finding("gone"), waived))
        ledger.record(scan(2.0, finding("a"), waived))
        history = ledger.history()

        assert {one.subject for one in history.last_findings()} == {"a", "w"}
        assert {past.finding.subject: past.state for past in history.findings(resolved=True)} == {
            "a": State.OPEN,
            "gone": State.RESOLVED,
            "w": State.WAIVED,
        }
        assert history.finding(finding("gone").key).resolved_at == 2.0  # type: ignore[union-attr]  # it is there
        assert history.finding("0" * 16) is None
        assert len(history.findings(limit=1)) == 1


def test_a_second_process_reads_beside_the_daemon(tmp_path: Path) -> None:
    """Reading takes no lock and sees what was committed; afterwards too, when the daemon is gone."""
    with ledger_in(tmp_path) as ledger:
        ledger.record(scan(1.0, finding()))
        ledger.flush()
        with open_history(tmp_path) as history:
            assert history.last_findings() == (finding(),)
    with open_history(tmp_path) as history:
        assert history.last_findings() == (finding(),)
        assert (history.assets(), history.losses(), history.versions("/x")) == ((), (), ())


def test_reading_makes_nothing(tmp_path: Path) -> None:
    """Where no ledger is, none is made, and the words say so."""
    with pytest.raises(LedgerFault, match=r"ledger\.db cannot be read"), open_history(tmp_path):
        pass
    assert os.listdir(tmp_path) == []


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """A newer file, an older one and garbage are refused in words, and left as they are."""
    with closing(connect(str(tmp_path / "ledger.db"), LIMITS)) as connection:
        migrate(connection, "f", (*STEPS, "CREATE TABLE novelty (x);"))
        with pytest.raises(LedgerTooNew, match="newer agent"), open_history(tmp_path):
            pass
        connection.execute("PRAGMA user_version = 0")
        with pytest.raises(LedgerFault, match="start the daemon once"), open_history(tmp_path):
            pass
    (tmp_path / "ledger.db").write_bytes(b"garbage " * 1000)
    with pytest.raises(LedgerFault, match="cannot be read: file is not a database"), open_history(tmp_path):
        pass
