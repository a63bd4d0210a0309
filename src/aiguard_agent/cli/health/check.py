"""What one examination found: a word for how it stands, what was seen, and the next step to see more."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stand(StrEnum):
    """How one thing stands."""

    OK = "ok"
    LIMITED = "limited"
    """It works, and sees or does less than it could."""
    MISSING = "missing"
    """It does not work, or what was asked for is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of `doctor`."""

    area: str
    """`rights`, `collectors`, `kernel`, `sources`, `runtimes`, `documents`, `ledger`, `service`."""
    name: str
    stand: Stand
    found: str
    step: str = ""
    """What to do to see more; "" when there is nothing to do."""


def good(area: str, name: str, found: str) -> Check:
    """Return a check that is well."""
    return Check(area=area, name=name, stand=Stand.OK, found=found)


def limited(area: str, name: str, found: str, step: str) -> Check:
    """Return a check of something that does less than it could."""
    return Check(area=area, name=name, stand=Stand.LIMITED, found=found, step=step)


def missing(area: str, name: str, found: str, step: str) -> Check:
    """Return a check of something that is not there."""
    return Check(area=area, name=name, stand=Stand.MISSING, found=found, step=step)
