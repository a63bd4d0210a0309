"""A disk that is full, or cannot be written: real filesystems, of 8 MB."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
pytestmark = [pytest.mark.root, pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small filesystem: needs root")]


def on_small_disk(scenario: str, directory: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(HERE / "small_disk.py"), scenario, str(directory)],
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, "PYTHONPATH": str(HERE)},
    )
    if done.returncode == 77:
        pytest.skip("no filesystem can be mounted here")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_ledger_larger_than_its_disk(tmp_path: Path) -> None:
    """Twice as many events as fit: the least worth and oldest go, all are accounted for, no critical one is missing."""
    found = on_small_disk("alone", tmp_path)

    assert found["durable"]
    assert (found["critical"], found["findings"]) == (30, 30)
    assert list(found["losses"]) == ["telemetry/quota"]
    assert found["losses"]["telemetry/quota"] + found["telemetry"] == 12_000
    assert found["telemetry"] > 1500
    assert found["told"][0]["lane"] == "telemetry"
    assert found["told"][0]["first"] == 1


def test_somebody_else_fills_the_disk(tmp_path: Path) -> None:
    """On a disk that others filled critical findings stay durable, and all is well again when there is space."""
    found = on_small_disk("foreign", tmp_path)

    assert found["durable"]
    assert found["after"]
    assert found["critical"] == found["told"] > 150
    assert (found["health"], found["reserve"]) == ("", True)


def test_not_a_byte_and_no_reserve(tmp_path: Path) -> None:
    """When nothing helps nothing is acknowledged; with space the finding is told, and what was lost is counted."""
    found = on_small_disk("hopeless", tmp_path)

    assert found["lost"] == [False, True, 0]
    assert "full" in found["sick"]
    assert found["saved"] == [True, ""]
    assert "opened" in found["told"]
    assert found["losses"] == {"telemetry/no-space": 1}
    assert found["ids"] == 1
    assert found["reserve"]


def test_the_disk_is_full_at_the_start(tmp_path: Path) -> None:
    """The reserve is enough to open, and to record a critical finding."""
    assert on_small_disk("at-start", tmp_path) == {"notes": [], "durable": True, "told": ["opened"]}


def test_a_read_only_filesystem(tmp_path: Path) -> None:
    """Nothing can be kept: the ledger works in memory, says so and why, and still sends."""
    found = on_small_disk("read-only", tmp_path)

    ((what, words),) = found["notes"]
    assert what == "memory"
    assert words.startswith("DIR cannot be written: Read-only file system; ")
    assert (found["durable"], found["recorded"], found["sent"]) == (False, True, ["opened"])
