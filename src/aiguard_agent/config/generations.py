"""The configuration that holds now, and what may take its place: wholly valid, or not at all.

Reading, parsing and checking happen before anything is replaced. A proposal that fails leaves everything as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from aiguard_agent.config.keys import keys, value_of
from aiguard_agent.config.load import Loaded, load
from aiguard_agent.config.schema import Config
from aiguard_agent.errors import DocumentError


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A new generation holds."""

    number: int
    config: Config
    changed: tuple[str, ...]
    """Keys whose values differ from those before; none when only comments did. What a file holds that a key names
    (inventory, certificate, token) may differ all the same."""
    restart: tuple[str, ...]
    """Those of them that take effect with the next start only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The old generation still holds."""

    number: int
    """Of the generation that stays."""
    problems: tuple[str, ...]


class Generations:
    """Holds the current generation. One thread proposes; any may read `config`."""

    def __init__(self, first: Loaded, *, rules: Collection[str] = (), read: Callable[..., Loaded] = load) -> None:
        self.number = 1
        """Of the current generation; grows by one with each that is accepted."""
        self.loaded = first
        self._rules = rules
        self._read = read

    @property
    def config(self) -> Config:
        """The configuration that holds now."""
        return self.loaded.config

    def propose(self, path: Path, environ: Mapping[str, str]) -> Accepted | Refused:
        """Read the files anew and take them over if all of them are good.

        A file that was there must still be there, and one that said something must still say something: an editor
        that empties a file before it writes it would otherwise put every key back to its default for a moment.
        """
        try:
            loaded = self._read(path, environ, rules=self._rules, required=str(path) in self.loaded.files)
        except DocumentError as error:
            return Refused(number=self.number, problems=error.problems)
        if emptied := sorted((self.loaded.full & set(loaded.files)) - loaded.full):
            words = "holds nothing any more; write `{}` if every key shall have its default"
            return Refused(number=self.number, problems=tuple(f"{file}:1: file: {words}" for file in emptied))
        before, self.loaded = self.config, loaded
        self.number += 1
        changed = tuple(name for name in keys() if value_of(before, name) != value_of(loaded.config, name))
        return Accepted(
            number=self.number,
            config=loaded.config,
            changed=changed,
            restart=tuple(name for name in changed if keys()[name].doc.restart),
        )
