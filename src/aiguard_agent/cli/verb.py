"""What a verb is: its words, its arguments, and the function that runs it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One verb of the command line."""

    name: str
    help: str
    """One line, lower case, no full stop."""
    description: str
    """What it does, for its own `--help`; may end with examples."""
    configure: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int]
    """Returns an exit code of `cli.exits`; raises AiguardError or OSError."""
