"""No inventory was given, so nothing can be told apart."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import Confidence, Estate, Evidence
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.policy.rule import Hit, Known, Rule


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit once, when there is no inventory."""
    if known.inventory is not None:
        return
    counted = f"{len(estate.servers)} servers and {len(estate.models)} models"
    yield Hit(
        subject="inventory",
        title=f"no inventory was given, so none of {counted} can be called approved or shadow",
        evidence=(Evidence(what="no inventory file was read", where=known.inventory_path or "scan", kind="inventory"),),
    )


RULE = Rule(
    id="no-inventory",
    title="No inventory to compare with",
    description=(
        "Without a list of what is approved there is no shadow AI, only AI. The rules that compare with the inventory "
        "stay silent, and this one finding stands for them."
    ),
    severity=Severity.INFO,
    confidence=Confidence.HIGH,
    maturity=Maturity.STABLE,
    remedy=("aiguard-agent inventory init > inventory.yaml", "aiguard-agent scan --inventory inventory.yaml"),
    check=check,
)
