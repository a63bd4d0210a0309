"""Which regular expressions a hostile text could keep busy for long; pure, and only an estimate by their shape.

The suite measures the bundled ones besides. `identify.patterns` cuts at a `.*` that stands outside of groups and
alternatives, so that one costs nothing.
"""

from __future__ import annotations

import re

from aiguard_agent.signatures.expression import parse_test
from aiguard_agent.signatures.schema import ServerSignature

_CLASS = re.compile(r"\[\^?\]?[^\]]*\]")
_REPEATS = re.compile(r"[*+]|\{\d+,\}")
_PLAIN = re.compile(r"(?<![\\?])[A-Za-z0-9_/=-](?![*+?{])")
_SIDE_BY_SIDE = re.compile(r"(?:\\[wWS]|\.(?=\+))[*+]\??(?:\\[wWS][*+]|\.\+)")


def patterns_of(signature: ServerSignature) -> list[str]:
    """Return every regular expression of a signature: all of them meet texts that a stranger wrote."""
    conditions = [probe.match for probe in signature.probes] + [reader.when for reader in signature.auth]
    said = [condition for condition in conditions if condition is not None]
    tests = [parse_test(test) for condition in said for test in condition.json]
    return [
        *signature.process.cmdline,
        *signature.process.unless,
        *(text for reader in signature.version for text in (reader.pattern, reader.path) if text),
        *(text for reader in signature.auth for text in (reader.argv, reader.env_value) if text),
        *(pattern for condition in said for pattern in condition.header.values()),
        *(test.literal for test in tests if test.operator == "~"),
    ]


def slow(pattern: str) -> str:
    """Say why a hostile text could keep a search busy for long, "" when nothing shows it."""
    bare = _CLASS.sub("C", re.sub(r"\\[^wWsSdDbB]", "x", pattern))
    if any(re.search(r"\.[*+]", group) for group in _groups(bare)) or ("|" in _outside(bare) and ".*" in bare):
        return "`.*` inside a group or beside alternatives costs the square of a text; write the cases as patterns"
    if any(_REPEATS.search(group) and not _PLAIN.search(group) for group in _repeated(bare)):
        return "a repeated group whose content repeats too can cost for ever; give each round a letter of its own"
    if _SIDE_BY_SIDE.search(bare):
        return "two repetitions side by side share what they match; keep one"
    return ""


def _groups(bare: str) -> list[str]:
    """Return the content of every group, the inner ones with their own."""
    found, open_at = [], []
    for index, char in enumerate(bare):
        if char == "(":
            open_at.append(index)
        elif char == ")" and open_at:
            found.append(bare[open_at.pop() + 1 : index])
    return found


def _repeated(bare: str) -> list[str]:
    """Return the content of every group that may come any number of times."""
    return [group for group in _groups(bare) if re.search(re.escape(f"({group})") + r"(?:[*+]|\{\d+,\})", bare)]


def _outside(bare: str) -> str:
    """Return what stands outside of all groups."""
    while (less := re.sub(r"\([^()]*\)", "", bare)) != bare:
        bare = less
    return bare
