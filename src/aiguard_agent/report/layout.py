"""Columns, wrapping and colour for text that people read, counted in terminal cells; pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from aiguard_agent.report.clean import plain

ELLIPSIS = "…"
GAP = "  "
CLIP = 2000
"""Characters of one text that are shown at most; the machine formats have it whole."""
_SGR = {"red": "31", "yellow": "33", "green": "32", "dim": "2", "bold": "1", "alarm": "1;31"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One field of a table."""

    text: str
    paint: str = ""
    """A key of the palette, "" = as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """How one column behaves when the line is too narrow."""

    least: int
    """Cells it keeps at least, once others are this small too."""
    keep_tail: bool = False
    """Cut from the front: of a path the end matters."""


def paint(text: str, color: str, *, on: bool) -> str:
    """Return the text in a colour of the palette, or as it is."""
    return f"\x1b[{_SGR[color]}m{text}\x1b[0m" if on and color and text else text


def tidy(text: str, limit: int = CLIP) -> str:
    """Return a foreign text safe for a terminal and not longer than anybody reads."""
    return plain(text) if len(text) <= limit else plain(text[:limit]) + ELLIPSIS


def width(text: str) -> int:
    """Return how many terminal cells the text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_cells(character) for character in text)


def cut(text: str, room: int, *, keep_tail: bool = False) -> str:
    """Return the text in at most `room` cells, with an ellipsis where something was taken away."""
    if width(text) <= room:
        return text
    if room <= 0:
        return ""
    if keep_tail:
        return ELLIPSIS + _front(text[::-1], room - 1)[::-1]
    return _front(text, room - 1) + ELLIPSIS


def wrap(text: str, room: int) -> list[str]:
    """Return the text in lines of at most `room` cells, broken at blanks, in the middle of a word only if it must."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if width(joined) <= room:
            line = joined
            continue
        if line:
            lines.append(line)
        rest = word
        while width(rest) > room:
            piece = _front(rest, room) or rest[:1]
            lines.append(piece)
            rest = rest[len(piece) :]
        line = rest
    return [*lines, line] if line or not lines else lines


def hanging(label: str, text: str, room: int, *, indent: int, color: str = "", on: bool = False) -> list[str]:
    """Return wrapped (tidy) text behind a label; the lines after the first are indented as far."""
    lines = wrap(text, max(20, room - indent))
    head = paint(label, color, on=on) + " " * max(1, indent - width(label))
    return [head + lines[0], *(" " * indent + line for line in lines[1:])]


def table(rows: Sequence[Sequence[Cell]], columns: Sequence[Column], room: int, *, on: bool) -> list[str]:
    """Return the rows as aligned lines of at most `room` cells; the widest columns give way first."""
    if not rows:
        return []
    texts = [[_one(cell.text, column) for cell, column in zip(row, columns, strict=True)] for row in rows]
    widths = _fit(_natural(texts, room), [column.least for column in columns], room - len(GAP) * len(columns))
    lines = []
    for row, words in zip(rows, texts, strict=True):
        line = ""
        for cell, text, size, column in zip(row, words, widths, columns, strict=True):
            if size:
                shown = cut(text, size, keep_tail=column.keep_tail)
                line += GAP + paint(shown, cell.paint, on=on) + " " * (size - width(shown))
        lines.append(line.rstrip())
    return lines


def folded(
    rows: Sequence[Sequence[Cell]], columns: Sequence[Column], room: int, *, keep: int, on: bool
) -> list[list[str]]:
    """Return the lines of each row: one where all rows fit, else the first `keep` columns and the others below them."""
    texts = [[_one(cell.text, column) for cell, column in zip(row, columns, strict=True)] for row in rows]
    if not rows or sum(size + len(GAP) for size in _natural(texts, room) if size) <= room:
        return [[line] for line in table(rows, columns, room, on=on)]
    heads = table([row[:keep] for row in rows], columns[:keep], room, on=on)
    indent = len(GAP) * 2 + max(width(words[0]) for words in texts)
    return [
        [head, *(" " * indent + line for line in wrap(" · ".join(filter(None, words[keep:])), room - indent))]
        for head, words in zip(heads, texts, strict=True)
    ]


def _natural(texts: Sequence[Sequence[str]], room: int) -> list[int]:
    return [min(room, max(map(width, column))) for column in zip(*texts, strict=True)]


def _one(text: str, column: Column) -> str:
    return plain(text[-CLIP:]) if column.keep_tail else plain(text[:CLIP])


def _fit(natural: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Take cells from the widest column again and again, never below its least unless all are there."""
    widths = list(natural)
    while sum(widths) > room:
        spare = [w - min(low, n) for w, low, n in zip(widths, least, natural, strict=True)]
        victims = [i for i, free in enumerate(spare) if free > 0] or [i for i, w in enumerate(widths) if w > 0]
        if not victims:
            break
        widths[max(victims, key=lambda i: widths[i])] -= 1
    return widths


def _front(text: str, room: int) -> str:
    taken = 0
    for index, character in enumerate(text):
        taken += _cells(character)
        if taken > room:
            return text[:index]
    return text


def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
