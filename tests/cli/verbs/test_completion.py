"""`completion`: scripts that shells accept, made from the parser."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[3]


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_the_shell_accepts_it(run: Any, shell: str) -> None:
    """Each script names the verbs, and the shell parses it where it is installed."""
    script = run("completion", shell).out

    assert "inventory" in script
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True, check=False)
        assert checked.returncode == 0, checked.stderr


def test_the_man_page_names_the_verbs(run: Any) -> None:
    """The man page comes from the same source."""
    assert ".TH AIGUARD" in run("completion", "man").out


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="argparse lays out help differently in each Python")
def test_everything_that_is_made_is_fresh() -> None:
    """Pages and scripts made from the code are what the code makes now; `make docs WRITE=1` renews them."""
    done = subprocess.run(
        [sys.executable, REPOSITORY / "docs" / "generate.py"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "")
