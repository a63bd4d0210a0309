"""Talking to the person at the terminal."""

from __future__ import annotations

import io

import pytest

from aiguard_agent.cli.console import Progress, log_to_stderr, style_for


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_progress_is_silent_without_a_terminal() -> None:
    """Into a file or a pipe no progress is written."""
    stream = io.StringIO()
    progress = Progress(stream=stream)

    progress("working")
    progress.done()

    assert stream.getvalue() == ""


def test_progress_overwrites_itself_and_leaves_nothing() -> None:
    """One line that is removed at the end, foreign text escaped."""
    stream = Terminal()
    progress = Progress(stream=stream)

    progress("reading \x1b[31m\n")
    progress.done()

    assert "\n" not in stream.getvalue()
    assert "\x1b[31m" not in stream.getvalue()
    assert stream.getvalue().endswith("\r\033[K")


def test_quiet() -> None:
    """`--quiet` wins over the terminal."""
    stream = Terminal()

    Progress(quiet=True, stream=stream)("x")

    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("stream", "color", "no_color", "expected"),
    [
        (Terminal(), "auto", "", True),
        (Terminal(), "auto", "1", False),
        (Terminal(), "never", "", False),
        (io.StringIO(), "auto", "", False),
        (io.StringIO(), "always", "1", True),
    ],
)
def test_colours(
    stream: io.StringIO, color: str, no_color: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Colours on a terminal, never with NO_COLOR, always when asked for."""
    monkeypatch.setenv("NO_COLOR", no_color)

    assert style_for(stream, color).color is expected


def test_the_width_of_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """$COLUMNS wins, 60 is the least, and what is no terminal gets wide lines."""
    monkeypatch.setenv("COLUMNS", "72")
    assert style_for(io.StringIO(), "auto").width == 72
    monkeypatch.setenv("COLUMNS", "7")
    assert style_for(io.StringIO(), "auto").width == 60
    monkeypatch.delenv("COLUMNS")
    assert style_for(io.StringIO(), "auto").width == 160


def test_the_log_is_silent_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """Without `-v` nothing is logged; with it, logfmt lines on stderr."""
    log_to_stderr(verbose=False)("event", key=1)
    assert capsys.readouterr().err == ""

    log_to_stderr(verbose=True)("event", key=1)
    assert "event=event key=1" in capsys.readouterr().err
