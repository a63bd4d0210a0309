"""What is different between an inventory and one scan: new here, approved but gone, named but changed; pure."""

from __future__ import annotations

from dataclasses import dataclass

from aiguard_agent.core.finding import Approval, ApprovalState
from aiguard_agent.core.report import ScanReport
from aiguard_agent.inventory.match import match_estate, unseen
from aiguard_agent.inventory.schema import Inventory


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """One entry that nothing on the host answers to."""

    clause: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """All differences, each in a stable order."""

    added: tuple[str, ...] = ()
    """Ids of assets that nobody approved."""
    missing: tuple[Missing, ...] = ()
    drifted: tuple[tuple[str, Approval], ...] = ()
    """Ids of assets that are not as approved, with the clause and what deviates."""

    @property
    def nothing(self) -> bool:
        """True when the host is exactly as approved."""
        return not (self.added or self.missing or self.drifted)


def diff(inventory: Inventory, report: ScanReport, *, today: str = "") -> Difference:
    """Compare an inventory with a scan; `today` (ISO date) ends expired approvals."""
    approvals = sorted(match_estate(inventory, report.estate, today=today).items())
    return Difference(
        added=tuple(asset for asset, approval in approvals if approval.state is ApprovalState.SHADOW),
        missing=tuple(Missing(clause=clause, words=words) for clause, words in unseen(inventory, report.estate)),
        drifted=tuple((asset, approval) for asset, approval in approvals if approval.state is ApprovalState.DRIFTED),
    )
