"""Regular expressions of signatures: compiled once, and skipped where a text they need is absent.

Hundreds of patterns meet thousands of command lines; most patterns hold a literal (`vllm`) without which they cannot
match, and `in` is a hundred times cheaper than a search.

The texts are an attacker's. `a.*b.*c` over `aaaa…` costs a backtracking search the cube of the length, so a pattern is
cut at its `.*`: the first `a`, the first `b` behind it, the first `c` behind that, each looked for once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

SHORTEST = 3
"""Characters that a literal needs to be worth looking for."""

_FLAGS = re.compile(r"\(\?[aiLmsux]+\)")
_NOT_LITERAL = re.compile(r"\\[wWdDsSbBAZ]|\\[^\w]|\[\^?\]?[^\]]*\]|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Found:
    """What a pattern matched."""

    whole: str
    value: str
    """Its first group, the whole when it has none."""


def search(pattern: str, text: str) -> Found | None:
    """Find the first match, as `re.search` does; `.*` outside of groups reaches over line ends too."""
    if required(pattern) not in text:
        return None
    start, end, value = -1, 0, None
    for part in parts(pattern):
        matched = part.search(text, end)
        if matched is None:
            return None
        start, end = (matched.start() if start < 0 else start), matched.end()
        value = matched[1] if value is None and matched.lastindex else value
    whole = text[start:end]
    return Found(whole, whole if value is None else value)


@lru_cache(maxsize=8192)
def parts(pattern: str) -> tuple[re.Pattern[str], ...]:
    """Return the pattern, compiled, cut at every `.*` that stands outside of groups and alternatives."""
    return tuple(re.compile(piece) for piece in pieces(pattern))


def pieces(pattern: str) -> list[str]:
    """Return the texts between every `.*`; the pattern itself where alternatives or flags cover more than one."""
    if _FLAGS.match(pattern) or _has_top_level_alternative(pattern):
        return [pattern]
    found, depth, last = [""], 0, ""
    for piece in _NOT_LITERAL.findall(pattern):
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if depth == 0 and piece == "*" and last == ".":
            found[-1] = found[-1][:-1]
            found.append("")
        elif not (piece in {"?", "+"} and last == "*" and found[-1] == ""):
            found[-1] += piece
        last = piece
    return [piece for piece in found if piece] or [""]


@lru_cache(maxsize=8192)
def required(pattern: str) -> str:
    """Return the longest text that every match of the pattern has in it, "" when none is certain.

    Careful rather than clever: groups, classes, anything optional, alternatives and flags give nothing.
    """
    if pattern.startswith("(?") or _has_top_level_alternative(pattern):
        return ""
    runs, run, depth = [""], "", 0
    for piece in _NOT_LITERAL.findall(pattern):
        if depth == 0 and _literal(piece):
            run += piece[-1]
            continue
        if piece in {"?", "*", "{"} and run:
            run = run[:-1]
        runs.append(run)
        run = ""
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if piece == "{":
            return max((r for r in runs if len(r) >= SHORTEST), key=len, default="")
    runs.append(run)
    return max((r for r in runs if len(r) >= SHORTEST), key=len, default="")


def _literal(piece: str) -> bool:
    if len(piece) == 2 and piece[0] == "\\":
        return piece[1] not in "wWdDsSbBAZ"
    return len(piece) == 1 and piece not in ".^$*+?{}[]()|\\"


def _has_top_level_alternative(pattern: str) -> bool:
    depth = 0
    for piece in _NOT_LITERAL.findall(pattern):
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if piece == "|" and depth == 0:
            return True
    return False
