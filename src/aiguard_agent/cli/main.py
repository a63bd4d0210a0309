"""The door: parse the command line, run one verb, turn errors into a line and an exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress

from aiguard_agent import __version__
from aiguard_agent.cli import exits, verbs
from aiguard_agent.cli.parser import Parser
from aiguard_agent.cli.streams import drop_stdout, open_streams
from aiguard_agent.cli.verb import Verb
from aiguard_agent.core.plugins import discover
from aiguard_agent.errors import AiguardError, DocumentError, UsageError
from aiguard_agent.report.clean import plain

DESCRIPTION = """\
Find every AI model server and model file on this host, and which of them nobody approved.
Looking changes nothing: files are read, servers are asked with GET, nothing leaves the host."""


def build_parser() -> argparse.ArgumentParser:
    """Return the whole command line; completions, the man page and the docs are made from it."""
    codes = "\n".join(f"  {code:<4} {meaning}" for code, meaning in exits.MEANING.items())
    parser = Parser(
        prog="aiguard-agent",
        description=DESCRIPTION,
        epilog=f"exit codes:\n{codes}\n\nstart with: aiguard-agent scan",
    )
    parser.add_argument("--version", action="version", version=f"aiguard-agent {__version__}")
    parser.add_argument("-v", "--verbose", action="store_true", help="log what is done, to stderr")
    subparsers = parser.add_subparsers(dest="verb", metavar="VERB", required=True, title="verbs")
    for verb in all_verbs():
        sub = subparsers.add_parser(
            verb.name,
            help=verb.help,
            description=verb.description,
        )
        verb.configure(sub)
        sub.set_defaults(run=verb.run)
    return parser


def all_verbs() -> tuple[Verb, ...]:
    """Return the verbs, by name."""
    return discover(verbs, "VERB", Verb)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    open_streams()
    try:
        return _run(arguments)
    finally:
        try:
            sys.stdout.flush()
        except (OSError, ValueError):
            drop_stdout()


def _run(arguments: Sequence[str] | None) -> int:
    parser = build_parser()
    if not (sys.argv[1:] if arguments is None else arguments):
        parser.print_help(sys.stderr)
        return exits.USAGE
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except UsageError as error:
        return _say(str(error), exits.USAGE)
    except DocumentError as error:
        return _say(str(error), exits.DOCUMENT)
    except BrokenPipeError:
        return exits.OK  # the reader left, and wants no more
    except OSError as error:
        return _say(_of_file(error), exits.FAILED)
    except AiguardError as error:
        return _say(str(error), exits.FAILED)
    except KeyboardInterrupt:
        return _say("interrupted", exits.INTERRUPTED)
    else:
        return code


def _of_file(error: OSError) -> str:
    """Name the file and what the system said of it, without the number."""
    return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)


def _say(words: str, code: int) -> int:
    with suppress(OSError):  # where nobody can be told, the code must do
        for line in words.splitlines() or [""]:
            print(f"aiguard-agent: {plain(line)}", file=sys.stderr)
    return code
