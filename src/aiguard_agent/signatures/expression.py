"""The small language in which signatures speak about JSON answers.

    PATH                     something is there           modelInfo
    PATH == "text"           some value equals it         data[].owned_by == "vllm"
    PATH != "text"           some value differs
    PATH ~ "regex"           some value matches           info.title ~ "^LiteLLM"
    keys == ["a", "b"]       the object has just these keys

PATH is `.` (the whole answer) or names joined by dots; `[]` means any element of a list, `[0]` that element,
`"odd name"` quotes a name, `*` is any value of an object. Literals are JSON. A path that does not fit the
answer finds nothing, which is false, never an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_STEP = re.compile(
    r'\.?(?:"(?P<quoted>[^"]*)"|(?P<any>\[\])|\[(?P<index>\d+)\]|(?P<star>\*)|(?P<name>[^.\[\]"*\s=~!]+))'
)
_OPERATOR = re.compile(r"\s*(==|!=|~)\s*(.+)$", re.DOTALL)

Step = str | int | None
"""A name, an index, or None for "any element or value"."""


@dataclass(frozen=True, slots=True)
class Path:
    """Where to look in a JSON document."""

    steps: tuple[Step, ...]

    def values(self, document: object) -> list[Any]:
        """Return all values the path leads to, in document order; empty when it does not fit."""
        here: list[Any] = [document]
        for step in self.steps:
            here = [value for item in here for value in _follow(item, step)]
        return here


@dataclass(frozen=True, slots=True)
class Test:
    """One condition on a JSON document."""

    path: Path
    operator: str = ""
    literal: Any = None
    keys: bool = False

    def holds(self, document: object) -> bool:
        """Tell whether the document satisfies the condition."""
        if self.keys:
            return isinstance(document, dict) and set(document) == set(self.literal)
        values = self.path.values(document)
        if self.operator == "==":
            return any(_equal(value, self.literal) for value in values)
        if self.operator == "!=":
            return any(not _equal(value, self.literal) for value in values)
        if self.operator == "~":
            return any(isinstance(value, str) and re.search(self.literal, value[:4096]) for value in values)
        return bool(values)


def parse_path(text: str) -> Path:
    """Parse a path; raises ValueError with the column where it stops making sense."""
    path, rest = _path(text.strip())
    if rest:
        raise ValueError(f"cannot read {rest!r} in path {text!r}")
    return path


def parse_test(text: str) -> Test:
    """Parse a condition; raises ValueError (json.JSONDecodeError and re.error included) saying what is wrong."""
    path, rest = _path(text.strip())
    if not rest:
        return Test(path)
    matched = _OPERATOR.match(rest)
    if matched is None:
        raise ValueError(f"expected ==, != or ~ before {rest!r} in {text!r}")
    operator, literal = matched[1], json.loads(matched[2])
    if operator == "~":
        if not isinstance(literal, str):
            raise ValueError(f"~ needs a quoted regular expression in {text!r}")
        try:
            re.compile(literal)
        except re.error as error:
            raise ValueError(f"bad regular expression in {text!r}: {error}") from error
    if path.steps == ("keys",) and isinstance(literal, list):
        return Test(path, operator, literal, keys=True)
    return Test(path, operator, literal)


def _path(text: str) -> tuple[Path, str]:
    if text == "." or text.startswith(". "):
        return Path(()), text[1:].strip()
    steps: list[Step] = []
    position = 0
    while position < len(text) and (matched := _STEP.match(text, position)):
        if position and matched[0][0] not in ".[":
            break
        position = matched.end()
        steps.append(_step(matched))
    if not steps:
        raise ValueError(f"no path in {text!r}")
    return Path(tuple(steps)), text[position:].strip()


def _step(matched: re.Match[str]) -> Step:
    if matched["any"] or matched["star"]:
        return None
    if matched["index"]:
        return int(matched["index"])
    return matched["quoted"] if matched["quoted"] is not None else matched["name"]


def _follow(item: object, step: Step) -> Iterator[object]:
    if step is None:
        if isinstance(item, list):
            yield from item
        elif isinstance(item, dict):
            yield from item.values()
    elif isinstance(step, int):
        if isinstance(item, list) and step < len(item):
            yield item[step]
    elif isinstance(item, dict) and step in item:
        yield item[step]


def _equal(left: object, right: object) -> bool:
    return type(left) is type(right) and left == right
