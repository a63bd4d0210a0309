"""`completion`: scripts that shells accept, made from the parser."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aiguard_agent.cli.main import all_verbs

REPOSITORY = Path(__file__).parents[3]


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_the_shell_accepts_it(run: Any, shell: str) -> None:
    """Each script names the verbs, and the shell parses it where it is installed."""
    script = run("completion", shell).out

    assert "inventory" in script
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True, check=False)
        assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("''", {verb.name for verb in all_verbs()}),
        ("scan --format ''", {"csv", "json", "ndjson", "text"}),
        ("scan --no-pr", {"--no-probe"}),
        ("inventory ap", {"approve"}),
        ("scan --inventory in", {"inventory.yaml"}),
        ("scan --root h", {"hosts"}),
    ],
)
def test_bash_completes(run: Any, tmp_path: Path, typed: str, offered: set[str]) -> None:
    """TAB offers verbs, options, their values, and files and folders where one is asked for."""
    (tmp_path / "inventory.yaml").touch()
    (tmp_path / "hosts").mkdir()
    ask = (
        f"COMP_WORDS=(aiguard-agent {typed}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _shtab_aiguard_agent 2>/dev/null"
    )
    script = f'{run("completion", "bash").out}\n{ask}\nprintf "%s\\n" "${{COMPREPLY[@]}}"'

    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)

    assert set(done.stdout.split()) == offered


def test_the_man_page_names_the_verbs(run: Any) -> None:
    """The man page comes from the same source."""
    page = run("completion", "man").out

    assert ".TH AIGUARD" in page
    assert re.search(r"^\.nf\nexit codes:\n", page, re.MULTILINE)
    assert page.count(".nf\n") == page.count(".fi\n")


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="argparse lays out help differently in each Python")
def test_everything_that_is_made_is_fresh() -> None:
    """Pages and scripts made from the code are what the code makes now; `make docs WRITE=1` renews them."""
    done = subprocess.run(
        [sys.executable, REPOSITORY / "docs" / "generate.py"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "")
