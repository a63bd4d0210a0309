"""What a model format is: a name, a cheap test on the first and last bytes, and a header reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader

HEAD = 4096
"""Bytes of the start of the file that `sniff` sees."""
TAIL = 4096
"""Bytes of the end of the file that `sniff` sees (equal to the head's for a small file)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """The cheap look at a file on which formats decide."""

    name: str
    """File name without folders, lower case: a hint, never a proof."""
    size: int
    head: bytes
    tail: bytes
    siblings: frozenset[str] = frozenset()
    """Lower-case names beside it, when the caller knows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One model format. `read` decides finally: it returns None when the bytes are something else after all."""

    name: str
    title: str
    """Display name for docs and reports."""
    order: int
    """Lower is tried first: 10 strong magic, 20 container that needs a look at members, 30 parsed text, 40 no magic,
    50 weak. Content decides; `Glimpse.name` may only break ties among weak ones."""
    extensions: tuple[str, ...]
    """Usual file endings, for the store walk's filter and for the mismatch remark."""
    runs_code: bool
    """True when loading this format the ordinary way can run code of the file's author."""
    sniff: Callable[[Glimpse], bool]
    """Cheap and total: any bytes -> bool, never an exception."""
    read: Callable[[Reader, Glimpse], ModelHeader | None]
    """Any bytes -> header or None, never an exception but BudgetExceeded; reads headers only."""
    source: str
    """Where the layout is specified: URL or reference."""
