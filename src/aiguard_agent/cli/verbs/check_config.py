"""`check-config`: is the configuration good, and everything that it names?"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from aiguard_agent.agent import all_rules, all_signatures
from aiguard_agent.cli import exits
from aiguard_agent.cli.console import write_out
from aiguard_agent.cli.verb import Verb
from aiguard_agent.config.checks import open_doors
from aiguard_agent.config.keys import keys
from aiguard_agent.config.load import Loaded, chosen, drop_in_directory, load
from aiguard_agent.errors import DocumentError
from aiguard_agent.inventory.load import load as load_inventory
from aiguard_agent.report.clean import plain

DESCRIPTION = """\
Read the configuration as the daemon would: the file, its drop-ins (config.d/*.yaml beside it) and AIGUARD_* variables.
All problems are told at once, each with file, line and key. The inventory and the signatures that it names are read
too, and secrets are looked for where it says. Every key is explained in docs/configuration.md.

examples:
  aiguard-agent check-config
  aiguard-agent check-config ./config.yaml
  aiguard-agent check-config --no-files ./config.yaml      on another machine than the one it is for"""


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "file", metavar="FILE", nargs="?", help="default: $AIGUARD_CONFIG, /etc/aiguard-agent/config.yaml"
    )
    parser.add_argument("--no-files", action="store_true", help="do not ask whether what it names is there")
    parser.add_argument("--no-env", action="store_true", help="take no notice of AIGUARD_* variables")


def run(options: Namespace) -> int:
    """Check and say so."""
    path, loaded = loaded_from(options)
    if not options.no_files:
        _read_on(loaded)
    if not loaded.files:
        write_out(f"{plain(str(path))}: not there; every key has its default\n")
        return exits.OK
    drop_ins = len([file for file in loaded.files if Path(file).parent == drop_in_directory(path)])
    counts = f"{drop_ins} drop-in{'s' * (drop_ins != 1)}, {len(loaded.origins)} of {len(keys())} keys set"
    write_out(f"{plain(str(path))}: good · {counts}\n")
    for words in open_doors(loaded.config):
        print(f"note: {plain(words)}", file=sys.stderr)
    return exits.OK


def loaded_from(options: Namespace) -> tuple[Path, Loaded]:
    """Return the file that the arguments mean, and what it says. Raises DocumentError."""
    environ = {} if options.no_env else dict(os.environ)
    path, required = chosen(options.file, environ)
    rules = [rule.id for rule in all_rules()]
    return path, load(path, environ, rules=rules, required=required, files=not options.no_files)


def _read_on(loaded: Loaded) -> None:
    """Read the documents that the configuration names. Raises DocumentError with the problems of all of them."""
    scan = loaded.config.scan
    problems: list[str] = []
    if scan.inventory is not None and ("scan.inventory" in loaded.origins or Path(scan.inventory).is_file()):
        try:
            load_inventory(Path(scan.inventory))
        except DocumentError as error:
            problems += error.problems
    for folder in scan.signatures:
        try:
            all_signatures([folder])
        except DocumentError as error:
            problems += [f"{folder}/{problem}" for problem in error.problems]
    if problems:
        raise DocumentError(problems)


VERB = Verb(
    name="check-config",
    help="is the configuration good, and all that it names",
    description=DESCRIPTION,
    configure=configure,
    run=run,
)
