"""The whole examination, on this host."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiguard_agent.cli.health.check import Stand
from aiguard_agent.cli.health.examine import document, examine
from aiguard_agent.collect.host import Host


def test_everything_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every check has its own name, says what was seen, and what is not well says what to do."""
    monkeypatch.delenv("AIGUARD_CONFIG", raising=False)
    file = tmp_path / "config.yaml"
    file.write_text(f"ledger: {{directory: {tmp_path / 'state'}}}\nstatus: {{socket: {tmp_path / 's'}}}\n")
    file.chmod(0o600)
    checks, config, answer = examine(Host(), str(file))

    names = [(one.area, one.name) for one in checks]
    assert len(set(names)) == len(names) > 20
    assert [one for one in checks if not one.found or bool(one.step) == (one.stand is Stand.OK)] == []
    assert (str(config.ledger.directory), answer) == (str(tmp_path / "state"), {})
    assert sum(document(checks)["summary"].values()) == len(document(checks)["checks"])
    assert list(tmp_path.iterdir()) == [file]
