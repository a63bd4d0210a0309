"""`run`, up to the daemon that it starts; tests/daemon has the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiguard_agent.cli import exits
from aiguard_agent.cli.main import main
from aiguard_agent.daemon import standing


def test_a_configuration_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that was named must be there."""
    assert main(["run", "--config", str(tmp_path / "missing.yaml")]) == exits.DOCUMENT
    assert "missing.yaml" in capsys.readouterr().err


def test_a_configuration_that_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every problem is named, and nothing is started."""
    (tmp_path / "c.yaml").write_text("scan: {stores: 7}\nlog: {levle: info}\n")

    assert main(["run", "--config", str(tmp_path / "c.yaml")]) == exits.DOCUMENT
    told = capsys.readouterr().err
    assert "scan.stores" in told and "levle" in told


def test_the_exit_code_is_the_daemons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """75 asks systemd for a restart; the verb passes it on."""
    monkeypatch.setattr(standing.Standing, "run", lambda _self: standing.RESTART_CODE)
    (tmp_path / "c.yaml").write_text(f"ledger: {{directory: {tmp_path}}}\nscan: {{inventory: off}}\n")

    assert main(["run", "--config", str(tmp_path / "c.yaml")]) == 75
