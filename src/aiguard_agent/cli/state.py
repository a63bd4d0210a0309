"""What the verbs that read the agent's own state share: its configuration, its state directory, its ledger."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from aiguard_agent.agent import all_rules
from aiguard_agent.config.load import Loaded, chosen, load
from aiguard_agent.errors import UsageError

if TYPE_CHECKING:
    from aiguard_agent.ledger.history import History

_DENIED = "{} may not be read by this user; run it as root or as the agent's user"


def add_config_argument(parser: ArgumentParser) -> None:
    """Declare which configuration counts."""
    parser.add_argument(
        "--config", metavar="FILE", default=None, help="default: $AIGUARD_CONFIG, /etc/aiguard-agent/config.yaml"
    )


def add_state_arguments(parser: ArgumentParser) -> None:
    """Declare where the ledger lies."""
    add_config_argument(parser)
    parser.add_argument(
        "--state", metavar="DIR", default="", help="state directory of the agent, instead of the configured one"
    )


def configured(given: str | None, *, files: bool = False) -> Loaded:
    """Return the configuration that holds; raises DocumentError."""
    path, required = chosen(given, os.environ)
    return load(path, os.environ, rules=[rule.id for rule in all_rules()], required=required, files=files)


def state_directory(options: Namespace) -> Path:
    """Return the state directory that the arguments mean; raises DocumentError, UsageError."""
    if options.state:
        if not Path(options.state).is_dir():
            raise UsageError(f"--state {options.state}: no such directory")
        return Path(options.state)
    return Path(str(configured(options.config).config.ledger.directory))


def is_file(path: str | None) -> bool:
    """Tell whether a file is there and within our reach."""
    try:
        return bool(path) and Path(str(path)).is_file()
    except OSError:
        return False


@contextmanager
def ledger_of(directory: Path) -> Iterator[History]:
    """Open the ledger to read, beside a running agent or without one; raises UsageError, LedgerFault, LedgerTooNew."""
    from aiguard_agent.ledger.history import open_history  # here: no other verb needs SQLite
    from aiguard_agent.ledger.opening import FILE

    path = directory / FILE
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(
            f"no ledger at {path}; it is made by: aiguard-agent run (--state DIR: another place)"
        ) from error
    except PermissionError as error:
        raise UsageError(_DENIED.format(path)) from error
    if not os.access(path, os.R_OK):
        raise UsageError(_DENIED.format(path))
    with open_history(directory) as history:
        yield history
