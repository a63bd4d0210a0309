"""Change an inventory for somebody at a terminal: show the change, put it in place in one step, or only show it."""

from __future__ import annotations

import difflib
import getpass
import os
import re
import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

from aiguard_agent.agent import all_rules
from aiguard_agent.cli import exits
from aiguard_agent.cli.console import write_out
from aiguard_agent.cli.files import write_file
from aiguard_agent.cli.parser import did_you_mean
from aiguard_agent.cli.scanning import default_text
from aiguard_agent.errors import UsageError
from aiguard_agent.inventory import edit

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def add_by_argument(parser: ArgumentParser) -> None:
    """Declare who decides."""
    parser.add_argument("--by", default="", metavar="WHO", help="who approves (default: the user who runs this)")


def add_dry_run_argument(parser: ArgumentParser) -> None:
    """Declare that nothing is written."""
    parser.add_argument("--dry-run", action="store_true", help="print the change, write nothing")


def add_waiver_arguments(parser: ArgumentParser) -> None:
    """Declare what every waiver needs beside rule and subject."""
    parser.add_argument("--until", required=True, metavar="YYYY-MM-DD", help="last day on which it holds")
    parser.add_argument("--reason", required=True, help="why it is tolerated")
    parser.add_argument("--inventory", metavar="FILE", default=None, help=f"default: {default_text()}")
    add_by_argument(parser)
    add_dry_run_argument(parser)


def waive(path: str, rule: str, subject: str, options: Namespace) -> int:
    """Add a waiver to an inventory; `rule` and `subject` are patterns. Raises UsageError, DocumentError, OSError."""
    if not any(fnmatchcase(known.id, rule) for known in all_rules()):
        hint = did_you_mean(rule, (known.id for known in all_rules()))
        raise UsageError(f"no rule {rule!r}{hint}; see: aiguard-agent rules list")
    if _DATE.fullmatch(options.until) and options.until < datetime.now(UTC).date().isoformat():
        raise UsageError(f"--until {options.until} has passed already")
    text = text_of(path)
    new = edit.waive(
        text,
        rule=rule,
        subject=subject,
        reason=options.reason,
        by=who(options),
        until=options.until,
        file=path,
    )
    return put(path, text, new, dry_run=options.dry_run)


def text_of(path: str) -> str:
    """Read the file as it is: line ends and a byte order mark stay what they are."""
    with Path(path).open(encoding="utf-8", newline="") as stream:
        return stream.read()


def put(path: str, old: str, new: str, *, dry_run: bool) -> int:
    """Show the change, and put it in place in one step, with the file's own mode."""
    write_out("".join(difflib.unified_diff(old.splitlines(True), new.splitlines(True), path, path, n=1)))
    if dry_run:
        print(f"{path} was not changed (--dry-run)", file=sys.stderr)
        return exits.OK
    write_file(Path(path).resolve(), new.encode())
    print(f"{path} was changed", file=sys.stderr)
    return exits.OK


def who(options: Namespace) -> str:
    """Return who approves: as given, the user behind sudo, or the user."""
    return options.by or os.environ.get("SUDO_USER") or getpass.getuser()
