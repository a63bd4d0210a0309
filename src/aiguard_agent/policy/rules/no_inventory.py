"""No inventory was given, so nothing can be told apart."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import Confidence, Estate, Evidence
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.policy.rule import Hit, Known, Rule


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit once, when there is no inventory and something to compare with it."""
    if known.inventory is not None or not (estate.servers or estate.models):
        return
    yield Hit(
        subject="inventory",
        title="nothing here can be called approved or shadow: there is no inventory to compare with",
        evidence=(
            Evidence(what="none was given, and none lies at the default places", where="scan", kind="inventory"),
        ),
    )


RULE = Rule(
    id="no-inventory",
    title="No inventory to compare with",
    description=(
        "Without a list of what is approved there is no shadow AI, only AI. The rules that compare with the inventory "
        "stay silent, and this one finding stands for them; on a host without AI it is silent too."
    ),
    severity=Severity.INFO,
    confidence=Confidence.HIGH,
    maturity=Maturity.STABLE,
    remedy=(
        "aiguard-agent inventory init --output inventory.yaml",
        "then aiguard-agent scan --inventory inventory.yaml",
    ),
    check=check,
)
