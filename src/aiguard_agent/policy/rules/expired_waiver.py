"""A waiver whose last day has passed."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import Confidence, Estate, Evidence
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.policy.decide import holds
from aiguard_agent.policy.rule import Hit, Known, Rule


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit every waiver that no longer holds today."""
    del estate
    if known.inventory is None or not known.today:
        return
    for index, waiver in enumerate(known.inventory.waivers):
        if holds(waiver, known.today):
            continue
        clause = known.inventory.clause("waivers", index)
        until = waiver.until.isoformat()
        yield Hit(
            subject=f"waiver {waiver.rule} {waiver.subject}",
            title=f"the waiver of {waiver.by} for {waiver.rule} on {waiver.subject} ended on {until}",
            evidence=(Evidence(what=f"{clause}: {waiver.reason}", where=known.inventory_path, kind="inventory"),),
            remedy=("mend what was waived and delete the waiver", f"decide anew: give {clause} another `until`"),
        )


RULE = Rule(
    id="expired-waiver",
    title="A waiver that ran out",
    description=(
        "Somebody decided to live with a finding until a day that has passed. The waiver does nothing any more: what "
        "it covered is open again if it is still there. This rule itself cannot be waived."
    ),
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    maturity=Maturity.STABLE,
    remedy=("mend what was waived and delete the waiver", "give it another `until`"),
    check=check,
)
