"""Changing an inventory for a person; `tests/cli/verbs` has the whole way."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

import pytest

from aiguard_agent.cli.editing import add_waiver_arguments, put, text_of, waive, who
from aiguard_agent.errors import UsageError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "inventory.yaml"
    path.write_bytes("\ufeffversion: 1\r\n".encode())
    return path


@pytest.mark.parametrize(
    ("rule", "until", "words"),
    [("exposed-noauth", "2999-01-01", "did you mean exposed-no-auth"), ("exposed-no-auth", "2020-01-01", "passed")],
)
def test_a_waiver_that_can_hold_for_nothing(file: Path, rule: str, until: str, words: str) -> None:
    """A rule that does not exist and a day that has passed are refused before anything is written."""
    parser = ArgumentParser()
    add_waiver_arguments(parser)
    options = parser.parse_args(["--until", until, "--reason", "x"])
    before = file.read_bytes()

    with pytest.raises(UsageError, match=words):
        waive(str(file), rule, "a@b", options)
    assert file.read_bytes() == before


def test_text_as_it_is(file: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Byte order mark and line ends survive, and the mode of the file does."""
    file.chmod(0o640)
    text = text_of(str(file))

    put(str(file), text, text + "servers: []\r\n", dry_run=False)

    assert file.read_bytes() == "\ufeffversion: 1\r\nservers: []\r\n".encode()
    assert file.stat().st_mode & 0o777 == 0o640
    assert b"+servers: []" in capfdbinary.readouterr().out


def test_who(monkeypatch: pytest.MonkeyPatch) -> None:
    """As given, else the person behind sudo."""
    parser = ArgumentParser()
    add_waiver_arguments(parser)
    words = ["--until", "2999-01-01", "--reason", "x"]
    monkeypatch.setenv("SUDO_USER", "ann")

    assert who(parser.parse_args([*words, "--by", "bob"])) == "bob"
    assert who(parser.parse_args(words)) == "ann"
