"""`status`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aiguard_agent.cli import exits
from aiguard_agent.cli.main import main
from aiguard_agent.daemon.door import Door

WELL: dict[str, Any] = {
    "version": "1",
    "started_at": 0.0,
    "generation": 3,
    "config": {"path": "/c", "problems": []},
    "sources": [{"name": "listen_diff", "up": True, "words": "1 namespaces", "proof": "ok", "lost": 0}],
    "unused_sources": [{"name": "tracefs", "why": "off"}],
    "ledger": {"durable": True, "health": "", "notes": [], "size": 4096},
    "looks": {"hint": 2, "start": 1},
    "throttled_seconds": {},
    "servers": 1,
    "models": 0,
    "findings": 2,
    "blind": [{"collector": "x", "subject": "evil\x1b[31m", "reason": "denied"}],
    "taken_at": 0.0,
    "process": {"cpu_seconds": 1.0, "resident": 1 << 20, "open_files": 9, "threads": 3},
    "metrics": ["http://127.0.0.1:1/metrics"],
}


@pytest.fixture
def answer(tmp_path: Path) -> Iterator[dict[str, Any]]:
    document = json.loads(json.dumps(WELL))
    door = Door(tmp_path / "s", lambda: document)
    door.open()
    yield document
    door.close()


def asked(tmp_path: Path, *more: str) -> int:
    return main(["status", "--socket", str(tmp_path / "s"), *more])


def test_all_is_well(tmp_path: Path, answer: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0; sources, ledger and cost in words, nothing of the host's unescaped."""
    assert asked(tmp_path) == exits.OK
    told = capsys.readouterr().out
    assert "listen_diff     up" in told and "on disk" in told and "generation 3" in told
    assert "\x1b" not in told


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("sources", [{"name": "a", "up": False, "words": "denied", "proof": "lost", "lost": 1}], "DOWN"),
        ("config", {"path": "/c", "problems": ["c.yaml:1: bad"]}, "REFUSED c.yaml:1: bad"),
        ("ledger", {"durable": False, "health": "", "notes": ["lost at the end"], "size": 0}, "IN MEMORY ONLY"),
        ("ledger", {"durable": True, "health": "disk full", "notes": [], "size": 0}, "disk full"),
    ],
)
def test_something_is_wrong(
    tmp_path: Path, answer: dict[str, Any], capsys: pytest.CaptureFixture[str], key: str, value: Any, words: str
) -> None:
    """Exit 1 for whoever scripts it, and the words for people."""
    answer[key] = value

    assert asked(tmp_path) == exits.FINDINGS
    assert words in capsys.readouterr().out


def test_as_a_document(tmp_path: Path, answer: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """The document as it came, with its version."""
    assert asked(tmp_path, "--format", "json") == exits.OK
    assert json.loads(capsys.readouterr().out) == {"schema_version": "1.0", **answer}


def test_nobody_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No agent, or a socket that is switched off: said, with what to do."""
    (tmp_path / "c.yaml").write_text("status: {socket: off}\n")

    assert asked(tmp_path) == exits.USAGE
    assert "is it running?" in capsys.readouterr().err
    assert main(["status", "--config", str(tmp_path / "c.yaml")]) == exits.USAGE
    assert "status.socket: off" in capsys.readouterr().err


def test_a_broken_configuration_does_not_hide_the_agent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """When the file is wrong the default socket is asked: that is when somebody wants to know."""
    (tmp_path / "c.yaml").write_text("statuz: {}\n")

    code = main(["status", "--config", str(tmp_path / "c.yaml")])

    assert code == exits.USAGE
    assert "/run/aiguard-agent/status.sock" in capsys.readouterr().err
