"""Something approved that is not on this host."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import Confidence, Estate, Evidence
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.inventory.match import unseen
from aiguard_agent.policy.rule import Hit, Known, Rule


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit every inventory entry that nothing here answers to."""
    if known.inventory is None:
        return
    for clause, words in unseen(known.inventory, estate):
        blind = f", though {len(estate.blind)} things could not be looked at" if estate.blind else ""
        yield Hit(
            subject=f"approved {words}",
            title=f"approved {words} was not seen on this host{blind}",
            confidence=Confidence.LOW if estate.blind else Confidence.MEDIUM,
            evidence=(Evidence(what=clause, where=known.inventory_path, kind="inventory"),),
            remedy=("find out why, if it should be here", f"delete {clause}, if it is gone for good"),
        )


RULE = Rule(
    id="inventory-not-seen",
    title="Approved, but not here",
    description=(
        "An entry of the inventory matches nothing on this host: stopped, deleted, on another host, or where the scan "
        "could not look. Server entries that name another `host` are not expected here. An approval that nobody "
        "needs is a door left open."
    ),
    severity=Severity.INFO,
    confidence=Confidence.MEDIUM,
    maturity=Maturity.STABLE,
    remedy=("delete the entry, if it is gone for good",),
    check=check,
)
