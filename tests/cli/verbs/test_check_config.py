"""`check-config`: good, or every problem."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aiguard_agent.cli import exits
from aiguard_agent.config.keys import keys


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no configuration of this machine be read."""
    monkeypatch.delenv("AIGUARD_CONFIG", raising=False)
    monkeypatch.setattr("aiguard_agent.config.load.DEFAULT", tmp_path / "default.yaml")


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_a_good_one(run: Any, tmp_path: Path) -> None:
    """It is named, with what was read and how much it says."""
    path = written(tmp_path / "c.yaml", "log: {level: error}\n")
    written(tmp_path / "c.d" / "10-a.yaml", "probe: {enabled: false}\n")

    found = run("check-config", path)

    assert found == (exits.OK, f"{path}: good · 1 drop-in, 2 of {len(keys())} keys set\n", "")


def test_every_problem_is_told(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File, line and key of each on stderr, and the exit code for documents; the environment counts."""
    path = written(tmp_path / "c.yaml", "lgo: {}\nfindings: {disabled_rules: [runs-as-rot]}\n")
    monkeypatch.setenv("AIGUARD_LOG_LEVEL", "loud")

    found = run("check-config", path)
    without = run("check-config", "--no-env", path)

    assert (found.code, found.out) == (exits.DOCUMENT, "")
    assert found.err.splitlines() == [
        f"aiguard-agent: {path}:1: lgo: unknown key, did you mean `log`?",
        f"aiguard-agent: {path}:2: findings.disabled_rules[0]: no rule `runs-as-rot`, did you mean `runs-as-root`?",
        "aiguard-agent: $AIGUARD_LOG_LEVEL: log.level: `loud` is none of `debug`, `info`, `warning`, `error`",
    ]
    assert "AIGUARD_LOG_LEVEL" not in without.err


def test_what_it_names_is_read_too(run: Any, tmp_path: Path) -> None:
    """A bad inventory and a bad signature are found before the daemon finds them; `--no-files` leaves them out."""
    inventory = written(tmp_path / "inventory.yaml", "modles: []\n")
    signatures = written(tmp_path / "mine" / "x.yaml", "id: y\n").parent
    path = written(tmp_path / "c.yaml", f"scan:\n  inventory: {inventory}\n  signatures: [{signatures}]\n")

    found = run("check-config", path)
    without = run("check-config", "--no-files", path)

    assert found.code == exits.DOCUMENT
    assert f"{inventory}:1: modles: unknown key, did you mean `models`?" in found.err
    assert f"{signatures}/x.yaml" in found.err
    assert without.code == exits.OK


def test_no_file_at_all(run: Any, tmp_path: Path) -> None:
    """At the default place none is needed; one that was named must be there."""
    found = run("check-config")
    named = run("check-config", tmp_path / "nothing.yaml")

    assert found == (exits.OK, f"{tmp_path}/default.yaml: not there; every key has its default\n", "")
    assert named.code == exits.DOCUMENT
    assert "No such file" in named.err


def test_an_open_door_is_mentioned(run: Any, tmp_path: Path) -> None:
    """Good, and said aloud."""
    path = written(tmp_path / "c.yaml", "metrics: {listen: '0.0.0.0:9'}\n")

    found = run("check-config", path)

    assert found.code == exits.OK
    assert found.err.startswith("note: metrics.listen: 0.0.0.0:9 answers everybody")


def test_a_secret_in_the_file_is_not_repeated(run: Any, tmp_path: Path) -> None:
    """What goes to a terminal or a pipeline's log holds nothing of it."""
    path = written(tmp_path / "c.yaml", "metrics: {bearer_token: hunter2}\n")

    found = run("check-config", path)

    assert found.code == exits.DOCUMENT
    assert "holds the secret itself" in found.err
    assert "hunter2" not in found.err
