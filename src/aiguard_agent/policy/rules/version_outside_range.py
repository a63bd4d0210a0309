"""An approved server in a version that was not approved."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import Confidence, Estate, Evidence
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.inventory.match import about
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import approve_command, who


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit every named server whose version deviates."""
    for server in estate.servers:
        approval = known.approvals.get(server.id)
        deviations = about(approval, "version") if known.inventory is not None and approval is not None else ()
        if approval is None or not deviations:
            continue
        said = (
            Evidence(what=f"{one.source} says {one.value}", where=one.where, kind="version")
            for one in server.versions[:3]
        )
        clause = Evidence(what=f"approved as {approval.clause}", where=known.inventory_path, kind="inventory")
        yield Hit(
            subject=server.id,
            title=f"{who(server)} is approved, but its {deviations[0]}",
            evidence=(clause, *said),
            remedy=(
                f"install an approved version, or widen `version` in {approval.clause}",
                approve_command(server.id),
            ),
        )


RULE = Rule(
    id="version-outside-range",
    title="A version outside the approved range",
    description=(
        "The server is in the inventory, in a version that the entry's range leaves out, or one that cannot be "
        "compared with it at all (`main`, a bare commit). A version that could not be read is no deviation; the "
        "scan shows it as unknown. Build tags such as `+cu121` never count."
    ),
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    maturity=Maturity.STABLE,
    remedy=("install an approved version", "widen the range of the entry"),
    owasp=("LLM03",),
    check=check,
)
