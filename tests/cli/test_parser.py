"""Complaints about a command line."""

from __future__ import annotations

from typing import Any

import pytest

from aiguard_agent.cli.parser import did_you_mean


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scna"], "did you mean scan?; see: aiguard-agent --help"),
        (["scan", "--fromat", "json"], "did you mean --format?"),
        (["scan", "--fromat=json"], "did you mean --format?"),
        (["scan", "--format", "jsn"], "did you mean json?; see: aiguard-agent scan --help"),
        (["scan", "--no-prob"], "did you mean --no-probe?"),
        (["inventory", "aprove"], "did you mean approve?"),
        (["rules", "show", "shadow"], "did you mean shadow-model?"),
        (["signatures", "show", "olama"], "did you mean ollama?"),
    ],
)
def test_a_slip_is_one_line_with_the_nearest_word(run: Any, arguments: list[str], words: str) -> None:
    """What was probably meant stands in the complaint, and the usage does not bury it."""
    found = run(*arguments)

    assert (found.code, found.out) == (2, "")
    assert found.err.count("\n") == 1
    assert words in found.err


def test_a_strange_word_gets_no_guess(run: Any) -> None:
    """Nothing near, nothing guessed; what was typed is not let loose on the terminal."""
    found = run("zz\x1b[31m")

    assert "did you mean" not in found.err
    assert "\x1b" not in found.err


def test_the_nearest_word() -> None:
    """A beginning wins over a likeness; an empty word is near to nothing."""
    assert did_you_mean("exp", ["expired-waiver", "xp"]) == ", did you mean expired-waiver?"
    assert did_you_mean("", ["scan"]) == ""
