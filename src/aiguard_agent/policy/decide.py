"""Waivers and thresholds: which findings are open, which are waived, how many were held back. Pure.

A waiver changes a finding's state and never removes it; a threshold removes and counts. A waiver that has run out
does nothing at all, and the rule `expired-waiver` says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from aiguard_agent.core.assets import Confidence
from aiguard_agent.core.finding import Finding, FindingState, Severity
from aiguard_agent.inventory.globs import fits
from aiguard_agent.inventory.schema import Waiver
from aiguard_agent.policy.judge import in_order

UNWAIVABLE = frozenset({"expired-waiver"})
"""Rules that a waiver cannot silence: otherwise one for `*` would hide its own end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is left to report, and what was not."""

    findings: tuple[Finding, ...] = ()
    """Open and waived ones, in the order given."""
    suppressed: int = 0
    """Held back by a threshold."""

    @property
    def open(self) -> tuple[Finding, ...]:
        """Those that nobody waived: what exit codes and alerts depend on."""
        return tuple(finding for finding in self.findings if finding.state is FindingState.OPEN)


def decide(
    findings: Iterable[Finding],
    waivers: Sequence[Waiver] = (),
    *,
    today: str,
    min_severity: Severity = Severity.INFO,
    min_confidence: Confidence = Confidence.LOW,
) -> Decision:
    """Apply the waivers that still hold on `today` (ISO date; "" = none holds), then the thresholds."""
    kept: list[Finding] = []
    suppressed = 0
    for finding in findings:
        if finding.severity < min_severity or finding.confidence < min_confidence:
            suppressed += 1
        else:
            kept.append(_waived(finding, waivers, today))
    return Decision(findings=tuple(kept), suppressed=suppressed)


def remapped(findings: Iterable[Finding], severities: Mapping[str, Severity]) -> tuple[Finding, ...]:
    """Give the findings of some rules (by id) another severity, and put all in order again."""
    return in_order(replace(one, severity=severities.get(one.rule, one.severity)) for one in findings)


def _waived(finding: Finding, waivers: Sequence[Waiver], today: str) -> Finding:
    for waiver in waivers:
        if covers(waiver, finding) and holds(waiver, today):
            words = f"{waiver.by}, until {waiver.until.isoformat()}: {waiver.reason}"
            return replace(finding, state=FindingState.WAIVED, waiver=words)
    return finding


def covers(waiver: Waiver, finding: Finding) -> bool:
    """Tell whether a waiver is about this finding, whatever the day."""
    if finding.rule in UNWAIVABLE:
        return False
    return fits(waiver.rule, finding.rule) and fits(waiver.subject, finding.subject)


def holds(waiver: Waiver, today: str) -> bool:
    """Tell whether a waiver still holds; its last day counts, and without a date nothing holds."""
    return bool(today) and today <= waiver.until.isoformat()
