"""What we think of what we saw."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from aiguard_agent.core.assets import Confidence, Evidence


class Severity(IntEnum):
    """How bad it is if true; ordered, so thresholds compare."""

    INFO = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5

    @property
    def word(self) -> str:
        """Lower-case word for output and for `--fail-on`."""
        return self.name.lower()


class Maturity(StrEnum):
    """How much a rule or signature has proved itself; `sandbox` ones are off by default."""

    SANDBOX = "sandbox"
    INCUBATING = "incubating"
    STABLE = "stable"
    DEPRECATED = "deprecated"


class FindingState(StrEnum):
    """What policy made of a finding in this scan."""

    OPEN = "open"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that somebody should know or do something about."""

    rule: str
    subject: str
    """Stable words (an asset id), never a pid: dedupe, waivers and "closed" depend on it."""
    title: str
    severity: Severity
    confidence: Confidence
    evidence: tuple[Evidence, ...] = ()
    remedy: tuple[str, ...] = ()
    """What to do, one alternative each, ready to type where possible."""
    atlas: tuple[str, ...] = ()
    """MITRE ATLAS technique ids."""
    owasp: tuple[str, ...] = ()
    """OWASP Top 10 for LLM applications (2025) ids."""
    state: FindingState = FindingState.OPEN
    waiver: str = ""
    """Who waived it, why and until when; "" when open."""

    @property
    def key(self) -> str:
        """Stable identity: 16 hex digits over rule and subject, without anything that drifts."""
        return hashlib.sha256(f"{self.rule}\0{self.subject}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


class ApprovalState(StrEnum):
    """What the inventory says of an asset."""

    APPROVED = "approved"
    SHADOW = "shadow"
    """Not in the inventory."""
    DRIFTED = "drifted"
    """Named in the inventory, but not as it is (version, bind, digest)."""
    NO_INVENTORY = "no-inventory"
    """No inventory was given, so nothing can be shadow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """The inventory's answer for one asset, and the clause that gave it."""

    state: ApprovalState
    clause: str = ""
    """`models[3] by digest (inventory.yaml:41)`; "" when none matched."""
    deviations: tuple[str, ...] = ()
    """In words, why a named asset still is not as approved."""
