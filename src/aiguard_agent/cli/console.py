"""Talk to the person at the terminal: progress on stderr, colours where they are wanted."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import time
from collections.abc import Callable
from typing import TextIO

from aiguard_agent.report.clean import plain
from aiguard_agent.report.renderer import Style

_EVERY = 0.1
"""Seconds between two redrawings at least."""
_WIDE = 160


class Progress:
    """One line on stderr that overwrites itself; silent when stderr is no terminal."""

    def __init__(self, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._on = not quiet and self._stream.isatty()
        self._last = 0.0
        self._shown = False

    def __call__(self, words: str) -> None:
        """Show what is being done now."""
        now = time.monotonic()
        if self._on and now - self._last >= _EVERY:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r\033[K{plain(words)[:width]}")
            self._stream.flush()
            self._last, self._shown = now, True

    def done(self) -> None:
        """Remove the line."""
        if self._shown:
            self._stream.write("\r\033[K")
            self._stream.flush()
            self._shown = False


def style_for(stream: TextIO, color: str, *, verbose: bool = False) -> Style:
    """Return how to lay out text: colours on a terminal unless NO_COLOR (no-color.org) or `--color never`."""
    wanted = color == "always" or (color == "auto" and stream.isatty() and not os.environ.get("NO_COLOR"))
    return Style(color=wanted, width=max(60, _width(stream)), verbose=verbose)


def _width(stream: TextIO) -> int:
    """Return the terminal's width, also behind `| head` or `| less`; $COLUMNS wins, a file gets wide lines."""
    if os.environ.get("COLUMNS", "").isdecimal() or stream.isatty():
        return shutil.get_terminal_size((140, 24)).columns
    try:
        piped = stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode)
        return os.get_terminal_size(sys.stderr.fileno()).columns if piped else _WIDE
    except (OSError, ValueError):
        return _WIDE


def write_out(text: str) -> None:
    """Write to stdout as UTF-8 whatever the locale says; surrogate escapes become backslash words."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
    sys.stdout.buffer.flush()


def log_to_stderr(*, verbose: bool) -> Callable[..., object]:
    """Return where `agent` logs to; without `-v` nowhere."""
    if not verbose:
        return lambda _event, **_data: None
    import structlog  # here, because importing it costs a quarter of a quiet scan's CPU time

    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "event"]),
        ],
    )
    log: Callable[..., object] = structlog.get_logger().info
    return log
