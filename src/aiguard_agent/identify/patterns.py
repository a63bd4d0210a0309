"""Regular expressions of signatures: compiled once, and skipped where a text they need is absent.

Hundreds of patterns meet thousands of command lines; most patterns hold a literal (`vllm`) without which they cannot
match, and `in` is a hundred times cheaper than a search.
"""

from __future__ import annotations

import re
from functools import lru_cache

SHORTEST = 3
"""Characters that a literal needs to be worth looking for."""

_NOT_LITERAL = re.compile(r"\\[wWdDsSbBAZ]|\\[^\w]|\[\^?\]?[^\]]*\]|.", re.DOTALL)


@lru_cache(maxsize=8192)
def compiled(pattern: str) -> re.Pattern[str]:
    """Return the compiled pattern; `re` itself forgets after 512."""
    return re.compile(pattern)


def search(pattern: str, text: str) -> re.Match[str] | None:
    """Search as `re.search`, skipping what cannot match."""
    literal = required(pattern)
    return compiled(pattern).search(text) if literal in text else None


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
