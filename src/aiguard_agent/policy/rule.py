"""What a rule is: words, severity, and one pure function from an estate to hits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from aiguard_agent.core.assets import Confidence, Estate, Evidence
from aiguard_agent.core.finding import Approval, Maturity, Severity
from aiguard_agent.inventory.schema import Inventory


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the rules may compare the estate with."""

    inventory: Inventory | None = None
    """None = no inventory was given: nothing can be shadow then, and the report says so."""
    inventory_path: str = ""
    approvals: Mapping[str, Approval] = field(default_factory=dict)
    """By asset id, from inventory.match."""
    today: str = ""
    """ISO date, for waivers; passed in, because rules have no clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One place where a rule holds."""

    subject: str
    """Asset id, or other stable words; never a pid."""
    title: str
    """One sentence a person understands, naming the thing."""
    evidence: tuple[Evidence, ...]
    severity: Severity | None = None
    """Overrides the rule's own when the case is worse or milder."""
    confidence: Confidence | None = None
    remedy: tuple[str, ...] = ()
    """Replaces the rule's own when it can name the very command."""
    atlas: tuple[str, ...] | None = None
    """Replaces the rule's own when this case is another technique; None = the rule's."""
    owasp: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing worth knowing. Detection only: thresholds, waivers and remaps come after (policy.decide)."""

    id: str
    """Equal to the module's name with dashes."""
    title: str
    description: str
    """For docs/rules.md: what it means, what it does not mean."""
    severity: Severity
    confidence: Confidence
    maturity: Maturity
    remedy: tuple[str, ...]
    atlas: tuple[str, ...] = ()
    owasp: tuple[str, ...] = ()
    check: Callable[[Estate, Known], Iterable[Hit]]
