"""An argument parser whose complaints are one line: what is wrong, what was probably meant, where to read on."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, NoReturn

from aiguard_agent.cli import exits
from aiguard_agent.report.clean import plain

_CHOICE = re.compile(r"invalid choice: '(?P<word>.*?)' \(choose from (?P<known>.*)\)")
_UNKNOWN = re.compile(r"unrecognized arguments: (?P<word>\S+)")


class Parser(argparse.ArgumentParser):
    """Takes no abbreviated options, because a script that uses one breaks when a longer one is added."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("allow_abbrev", False)
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(**settings)

    def error(self, message: str) -> NoReturn:
        """Say it in one line without the usage, which hides it, and leave."""
        hint = ""
        if found := _CHOICE.search(message):
            hint = did_you_mean(found["word"], re.findall(r"[\w.-]+", found["known"]))
        elif found := _UNKNOWN.search(message):
            hint = did_you_mean(found["word"].partition("=")[0], _options(self))
        print(f"{self.prog}: {plain(message)}{hint}; see: {self.prog} --help", file=sys.stderr)
        raise SystemExit(exits.USAGE)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `, did you mean …?` for the nearest known word, "" when none is near."""
    words = sorted(set(known))
    near = [one for one in words if word and one.startswith(word)] or get_close_matches(word, words, n=1)
    return f", did you mean {near[0]}?" if near else ""


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the options of a parser and of all below it."""
    for action in parser._actions:  # argparse has no public list of them
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                yield from _options(sub)
