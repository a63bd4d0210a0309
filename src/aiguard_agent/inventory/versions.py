"""Version ranges as an operator writes them, against versions as servers report them; pure.

Not `packaging.SpecifierSet`: that one leaves release candidates and nightlies out of ranges they belong to.
The local part (`+cu121`) never counts. What is no PEP 440 version (`b3561`, `1.83.7-stable`) is compared by its
numbers, and a text without any number is "cannot tell", not "outside".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from packaging.version import InvalidVersion, Version

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne}
_PART = re.compile(r"^\s*(~=|==|!=|<=|>=|<|>|)\s*([0-9A-Za-z][0-9A-Za-z.+_-]*?)(\.\*)?\s*\Z")
_NUMBER = re.compile(r"\d{1,15}")


@dataclass(frozen=True, slots=True)
class Bound:
    """One comparison of a range."""

    operator: str
    version: str
    wildcard: bool = False
    """True for `==1.2.*` and `!=1.2.*`."""


def parse_range(text: str) -> tuple[Bound, ...]:
    """Read `>=0.5,<1`; a bare version means `==`. Raises ValueError with words that say what is wrong."""
    return tuple(_bound(part) for part in text.split(","))


def _bound(part: str) -> Bound:
    found = _PART.match(part)
    if found is None:
        raise ValueError(f"`{part.strip()}` is no comparison; write it like `>=0.5,<1`, `==1.2.*` or `~=1.4.2`")
    operator, version, wildcard = found[1] or "==", found[2], bool(found[3])
    if wildcard and operator not in ("==", "!="):
        raise ValueError(f"`{part.strip()}`: `.*` goes with `==` and `!=` only")
    if not _NUMBER.search(version):
        raise ValueError(f"`{part.strip()}` holds no number to compare with")
    if operator == "~=" and len(_numbers(version)) < 2:
        raise ValueError(f"`{part.strip()}`: `~=` needs two numbers at least, as in `~=1.4`")
    return Bound(operator, version, wildcard)


def within(version: str, range_text: str) -> bool | None:
    """Tell whether `version` lies in the range; None when the two cannot be compared."""
    if not _NUMBER.search(version):
        return None
    return all(_holds(version, bound) for bound in parse_range(range_text))


def _holds(version: str, bound: Bound) -> bool:
    if bound.wildcard:
        inside = _starts_with(version, bound.version, len(_numbers(bound.version)))
        return inside if bound.operator == "==" else not inside
    left, right = _pair(version, bound.version)
    if bound.operator == "~=":
        return bool(left >= right) and _starts_with(version, bound.version, len(_numbers(bound.version)) - 1)
    return _COMPARE[bound.operator](left, right)


def _pair(one: str, other: str) -> tuple[Any, Any]:
    """Return two values that compare with each other: two PEP 440 versions, else two number tuples."""
    first, second = _pep440(one), _pep440(other)
    if first is not None and second is not None:
        return first, second
    left, right = _numbers(one), _numbers(other)
    width = max(len(left), len(right))
    return left + (0,) * (width - len(left)), right + (0,) * (width - len(right))


def _pep440(text: str) -> Version | None:
    try:
        return Version(Version(text).public)
    except (InvalidVersion, ValueError):
        return None


def _numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of a version; of a PEP 440 one only those of its release."""
    parsed = _pep440(text)
    if parsed is not None:
        return parsed.release
    return tuple(int(number) for number in _NUMBER.findall(text))


def _starts_with(version: str, prefix: str, length: int) -> bool:
    wanted = _numbers(prefix)[:length]
    have = _numbers(version)
    return (have + (0,) * (length - len(have)))[:length] == wanted
