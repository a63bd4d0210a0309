"""Two sets of findings: what opened, what is still there, what closed; told apart by their keys. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aiguard_agent.core.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of the findings between two scans."""

    opened: tuple[Finding, ...] = ()
    still: tuple[Finding, ...] = ()
    """As they are now, not as they were."""
    closed: tuple[Finding, ...] = ()
    """As they were last."""


def diff(before: Iterable[Finding], after: Iterable[Finding]) -> Change:
    """Compare two scans; the orders given are kept."""
    old = {finding.key: finding for finding in before}
    new = {finding.key: finding for finding in after}
    return Change(
        opened=tuple(finding for key, finding in new.items() if key not in old),
        still=tuple(finding for key, finding in new.items() if key in old),
        closed=tuple(finding for key, finding in old.items() if key not in new),
    )
