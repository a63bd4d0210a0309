"""The door: help, errors, exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aiguard_agent.cli import exits
from aiguard_agent.cli.main import all_verbs, build_parser


def test_help_teaches(run: Any) -> None:
    """`--help` names every verb, the exit codes and where to start."""
    found = run("--help")

    assert found.code == 0
    for words in (*(verb.name for verb in all_verbs()), "exit codes", "start with: aiguard-agent scan"):
        assert words in found.out


@pytest.mark.parametrize("verb", [verb.name for verb in all_verbs()])
def test_every_verb_has_help(run: Any, verb: str) -> None:
    """Each verb explains itself."""
    found = run(verb, "--help")

    assert found.code == 0
    assert len(found.out) > 200


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["scan", "--root", "/nowhere"], exits.USAGE, "no such directory"),
        (["scan", "--path", "/nowhere"], exits.USAGE, "--path /nowhere"),
        (["scan", "--signatures", "/nowhere"], exits.USAGE, "--signatures"),
        (["scan", "--probe-seconds", "0"], exits.USAGE, "--probe-seconds"),
        (["scan", "--inventory", "/nowhere.yaml"], exits.USAGE, "aiguard-agent inventory init"),
        (["inventory", "check", "/nowhere.yaml"], exits.USAGE, "no such file"),
        (["inventory", "check"], exits.USAGE, "no inventory given"),
        (["signatures", "show", "nope"], exits.USAGE, "signatures list"),
        (["rules", "show", "nope"], exits.USAGE, "rules list"),
        (["nonsense"], exits.USAGE, "invalid choice"),
        ([], exits.USAGE, "start with: aiguard-agent scan"),
    ],
)
def test_errors_say_what_to_do(run: Any, arguments: list[str], code: int, words: str) -> None:
    """A mistake is one line on stderr, a named exit code, and nothing on stdout."""
    found = run(*arguments)

    assert (found.code, found.out) == (code, "")
    assert words in found.err


def test_the_system_is_quoted_without_its_numbers(run: Any, tmp_path: Path) -> None:
    """A file that cannot be made is named, with what the system said."""
    found = run("inventory", "init", "--root", tmp_path, "--output", tmp_path / "no" / "i.yaml")

    assert found.code == exits.FAILED
    assert f"{tmp_path}/no/i.yaml: No such file or directory" in found.err


def test_messages_are_escaped(run: Any) -> None:
    """A file name with terminal codes does not reach the terminal as such."""
    assert "\x1b" not in run("scan", "--root", "/\x1b[31mred").err


def test_as_a_module_and_into_a_closed_pipe() -> None:
    """`python -m aiguard_agent` works, and `| head` is no error."""
    command = f"{sys.executable} -m aiguard_agent rules list | head -n 1; exit ${{PIPESTATUS[0]}}"

    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1


def test_exit_codes_are_all_described() -> None:
    """Every exit code that a verb may return is in the help."""
    codes = {value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)}

    assert codes == set(exits.MEANING)
    assert all(str(code) in build_parser().format_help() for code in codes)
