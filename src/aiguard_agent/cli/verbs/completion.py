"""`completion`: print a completion script for a shell."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from importlib import resources

from aiguard_agent.cli import exits
from aiguard_agent.cli.console import write_out
from aiguard_agent.cli.verb import Verb

DESCRIPTION = """\
Print a completion script, or the man page.

examples:
  aiguard-agent completion bash > /etc/bash_completion.d/aiguard-agent
  aiguard-agent completion zsh  > "${fpath[1]}/_aiguard-agent"
  aiguard-agent completion man  | man -l -"""

FILES = {"bash": "completion.bash", "zsh": "completion.zsh", "tcsh": "completion.tcsh", "man": "aiguard-agent.1"}
"""Made from the parser by `make docs`; a test holds them fresh."""


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("shell", choices=sorted(FILES), help="which script, or man")


def run(options: Namespace) -> int:
    """Print the script."""
    write_out((resources.files("aiguard_agent.cli") / "data" / FILES[options.shell]).read_text(encoding="utf-8"))
    return exits.OK


VERB = Verb(
    name="completion",
    help="print shell completion (bash, zsh, tcsh) or the man page",
    description=DESCRIPTION,
    configure=configure,
    run=run,
)
