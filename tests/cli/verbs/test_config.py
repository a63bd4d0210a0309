"""`config`: show, example, schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aiguard_agent.cli import exits
from aiguard_agent.config.describe import example
from aiguard_agent.config.keys import keys


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file that says three things, one of them where a secret lies."""
    monkeypatch.delenv("AIGUARD_CONFIG", raising=False)
    path = tmp_path / "c.yaml"
    path.write_text("log: {level: error}\nscan: {paths: [/a]}\nmetrics: {bearer_token: {file: /etc/t}}\n")
    return path


def test_what_was_set_and_where(run: Any, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is named like a file is; a secret's place is shown, and not even looked at."""
    monkeypatch.setenv("AIGUARD_LOG_FORMAT", "console")

    lines = [line.split() for line in run("config", "show", "--set", path).out.splitlines()]

    assert lines == [
        ["scan.paths", "[/a]", f"{path}:2"],
        ["metrics.bearer_token", "{file:", "/etc/t}", f"{path}:3"],
        ["log.format", "console", "$AIGUARD_LOG_FORMAT"],
        ["log.level", "error", f"{path}:1"],
    ]


def test_everything(run: Any, path: Path) -> None:
    """Every key, for people and for machines, by the same names."""
    documents = json.loads(run("config", "show", path, "--format", "json").out)
    lines = run("config", "show", path).out.splitlines()

    assert [d["key"] for d in documents] == [line.split()[0] for line in lines] == list(keys())
    assert documents[0] == {"key": "scan.paths", "value": ["/a"], "from": f"{path}:2"}
    assert documents[1] == {"key": "scan.stores", "value": "true", "from": "default"}


def test_a_bad_one_is_not_shown(run: Any, path: Path) -> None:
    """What would not hold is told as problems."""
    path.write_text("log: {level: loud}\n")

    found = run("config", "show", path)

    assert (found.code, found.out) == (exits.DOCUMENT, "")


def test_example_and_schema(run: Any) -> None:
    """Both go to stdout, to be kept."""
    assert run("config", "example").out == example()
    assert json.loads(run("config", "schema").out)["additionalProperties"] is False
