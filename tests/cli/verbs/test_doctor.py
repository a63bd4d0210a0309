"""`doctor` on this host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(
        f"ledger: {{directory: {tmp_path}/state}}\nstatus: {{socket: {tmp_path}/s}}\nmetrics: {{listen: off}}\n"
    )
    path.chmod(0o600)
    return path


def test_text(run: Any, config: Path) -> None:
    """One line a check, the next step below it, the sum at the end; exit 0 when nothing is missing; nothing is made."""
    found = run("doctor", "--config", config)

    assert found.out.splitlines()[-1].endswith(" 0 missing") == (found.code == 0)
    assert "limited  service    agent" in found.out
    assert "-> systemctl start aiguard-agent" in found.out
    assert list(config.parent.iterdir()) == [config]


def test_json(run: Any, config: Path) -> None:
    """Every check with area, name, state, what was seen and what to do next."""
    document = json.loads(run("doctor", "--config", config, "--format", "json").out)

    assert document["schema_version"] == "1.0"
    assert {tuple(one) for one in document["checks"]} == {("area", "name", "state", "found", "next")}
    assert {one["state"] for one in document["checks"]} <= {"ok", "limited", "missing"}


def test_something_is_missing(run: Any, config: Path) -> None:
    """A configuration that is wrong fails the examination and does not end it."""
    config.write_text("nonsense: 1\n")
    found = run("doctor", "--config", config)

    assert found.code == 1
    assert "missing  documents  configuration" in found.out
    assert "ok       documents  signatures" in found.out
