"""The three standard streams, as we were started with them: one may be closed, or its reader gone."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def open_streams() -> None:
    """Put something behind every standard stream that is closed.

    Otherwise the next file we open gets its number, and what is meant for the terminal is written into it. Writing to
    a closed stdout still fails, as it must: its stand-in cannot be written.
    """
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)  # the lowest free number, which is this one
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)


def drop_stdout() -> None:
    """Let what is left in stdout go nowhere, so that the interpreter's last flush cannot fail."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
