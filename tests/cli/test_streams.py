"""Started with closed, full or broken streams."""

from __future__ import annotations

import subprocess
import sys

import pytest

RUN = f"{sys.executable} -m aiguard_agent rules list"


@pytest.mark.parametrize(
    ("redirection", "code"),
    [
        (">/dev/null", 0),
        (">&-", 4),
        (">/dev/full", 4),
        (">/dev/null 2>&-", 0),
        (">&- 2>&-", 4),
        ("</dev/null >/dev/full 2>/dev/full", 4),
        ("<&- >&- 2>&-", 4),
        ("| true", 0),
    ],
)
def test_streams_that_cannot_be_written(redirection: str, code: int) -> None:
    """What could not be said is an error and its exit code, never a traceback; a reader who left is none."""
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {RUN} {redirection}"], capture_output=True, check=False)

    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
