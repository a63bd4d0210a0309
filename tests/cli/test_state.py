"""Where the agent's state lies, as the arguments mean it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest

from aiguard_agent.cli.state import add_state_arguments, is_file, ledger_of, state_directory
from aiguard_agent.errors import DocumentError, UsageError
from kept_ledger import T0, found, ledger_at, whole


def parsed(*arguments: str) -> Namespace:
    parser = ArgumentParser()
    add_state_arguments(parser)
    return parser.parse_args(arguments)


def test_state_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As given, else as configured; a configuration that is wrong is only in the way when it is needed."""
    config = tmp_path / "config.yaml"
    config.write_text("ledger: {directory: /srv/aiguard}\n")
    config.chmod(0o600)
    assert state_directory(parsed("--config", str(config))) == Path("/srv/aiguard")

    config.write_text("ledger: {dirctory: /srv/aiguard}\n")
    assert state_directory(parsed("--config", str(config), "--state", str(tmp_path))) == tmp_path
    with pytest.raises(DocumentError, match="dirctory"):
        state_directory(parsed("--config", str(config)))


def test_a_ledger_beside_its_writer(tmp_path: Path) -> None:
    """What was committed can be read while the agent holds the lock."""
    with ledger_at(tmp_path) as ledger:
        ledger.record(whole(T0, found("a")))
        ledger.flush()
        with ledger_of(tmp_path) as history:
            assert history.last_findings() == (found("a"),)


def test_a_folder_without_a_ledger_stays_empty(tmp_path: Path) -> None:
    """Looking for a ledger makes none."""
    with pytest.raises(UsageError, match="aiguard-agent run"), ledger_of(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may not read it is told who may."""
    (tmp_path / "ledger.db").touch()
    monkeypatch.setattr("os.access", lambda _path, _mode: False)
    with pytest.raises(UsageError, match="run it as root"), ledger_of(tmp_path):
        pass

    def refuse(path: Path, **_how: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(UsageError, match="run it as root"), ledger_of(tmp_path):
        pass
    assert not is_file(str(tmp_path / "ledger.db"))
