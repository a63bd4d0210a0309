"""What every reader of a YAML document says of a fault: whole lines, all of them at once, the nearest right name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches

from aiguard_agent.core.nodes import Node

MAX_PROBLEMS = 100
"""What a person reads; the rest is counted."""
Problem = tuple[int, str]
"""Line and `key: what is wrong`."""


def sentences(file: str, problems: Sequence[Problem]) -> list[str]:
    """Return the lines `file:line: key: what`, ordered by line, those beyond MAX_PROBLEMS counted."""
    lines = [f"{file}:{line}: {words}" for line, words in sorted(problems, key=lambda problem: problem[0])]
    if len(lines) > MAX_PROBLEMS:
        more = len(lines) - MAX_PROBLEMS
        lines[MAX_PROBLEMS:] = [f"{file}:{problems[-1][0]}: file: and {more} more problems"]
    return lines


def known_keys(
    node: Node,
    names: Sequence[str],
    prefix: str,
    problems: list[Problem],
    *,
    may_be_empty: Collection[str] = (),
) -> Iterator[tuple[str, Node]]:
    """Yield the keys that the schema knows; unknown, repeated and empty ones become problems."""
    seen: dict[str, int] = {}
    for key, value in node.pairs():
        name = key.text
        if name in seen:
            problems.append((key.line, f"{prefix}{cut(name)}: is given twice, first in line {seen[name]}"))
        elif name not in names:
            problems.append((key.line, f"{prefix}{cut(name)}: unknown key, {nearest(name, names)}"))
        elif value.null and name not in may_be_empty:
            problems.append((value.line, f"{prefix}{name}: is empty; write a value or leave the key out"))
        else:
            yield name, value
        seen.setdefault(name, key.line)


def nearest(name: str, names: Sequence[str]) -> str:
    """Return `did you mean ...?` for the nearest right name, the whole list when none is near."""
    found = get_close_matches(name[:64].lower(), names, n=1, cutoff=0.5)
    return f"did you mean `{found[0]}`?" if found else f"known are {listed(names)}"


def listed(names: Sequence[str]) -> str:
    """Return the names as a message quotes them."""
    return ", ".join(f"`{name}`" for name in names)


def cut(text: str) -> str:
    """Return a text that is safe to quote in one line of a message."""
    shown = "".join(char if char.isprintable() else "?" for char in text[:80])
    return shown + ("…" if len(text) > 80 else "")
