"""`support-bundle`: one file for whoever helps, without what tells whose host it is."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from aiguard_agent.cli import exits
from aiguard_agent.cli.state import add_state_arguments
from aiguard_agent.cli.verb import Verb
from aiguard_agent.collect.host import Host
from aiguard_agent.errors import UsageError
from aiguard_agent.report.clean import plain

DESCRIPTION = """\
Write one .tar.gz that helps to find a fault of the agent: versions, configuration, doctor, status, counts, the last
events. Names of people, hosts and paths are replaced by hashes, secrets by nothing; contents of models, command lines
and environment variables are never in it. Read manifest.json in it before you give it away. Nothing is sent.

examples:
  aiguard-agent support-bundle --output bundle.tar.gz
  tar -xOf bundle.tar.gz manifest.json"""


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--output", metavar="FILE", required=True, help="the file to make; one that is there is kept")
    add_state_arguments(parser)


def run(options: Namespace) -> int:
    """Gather and write."""
    from aiguard_agent.cli.bundle import gather, packed  # here: no other verb needs all of its rooms

    if options.state and not Path(options.state).is_dir():
        raise UsageError(f"--state {options.state}: no such directory")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(options.output, flags, 0o600)
    except FileExistsError as error:
        raise UsageError(f"{options.output} is there already; name another file") from error
    try:
        with os.fdopen(descriptor, "wb") as stream:
            pieces = gather(Host(), options.config, options.state)
            stream.write(packed(pieces))
    except BaseException:
        Path(options.output).unlink(missing_ok=True)
        raise
    print(f"wrote {plain(options.output)}: {len(pieces)} files; read its manifest.json first", file=sys.stderr)
    return exits.OK


VERB = Verb(
    name="support-bundle",
    help="one redacted file for whoever helps",
    description=DESCRIPTION,
    configure=configure,
    run=run,
)
