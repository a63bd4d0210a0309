"""The result of one scan, whole: what renderers print and the daemon will store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiguard_agent.core.assets import Estate
from aiguard_agent.core.finding import Approval, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanReport:
    """One scan of one host."""

    agent_version: str
    estate: Estate
    findings: tuple[Finding, ...] = ()
    """Open and waived ones, worst first, then by rule and subject."""
    approvals: Mapping[str, Approval] = field(default_factory=dict)
    """By asset id, servers and models both."""
    duration_ms: int = 0
    kernel: str = ""
    boot_id: str = ""
    inventory: str = ""
    """Path of the inventory that was compared with, "" = none."""
    suppressed: int = 0
    """Findings hidden by a threshold, counted all the same."""
    notes: Mapping[str, str] = field(default_factory=dict)
