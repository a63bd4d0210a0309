"""An approved server that deviates in account, port or authentication, or whose approval has ended."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import Confidence, Estate, Evidence
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.inventory.match import about
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import approve_command, who

_TOPICS = ("auth", "user", "port", "approval")


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit every named server with a deviation that no rule of its own reports."""
    for server in estate.servers:
        approval = known.approvals.get(server.id)
        deviations = about(approval, *_TOPICS) if known.inventory is not None and approval is not None else ()
        if approval is None or not deviations:
            continue
        clause = Evidence(what=f"approved as {approval.clause}", where=known.inventory_path, kind="inventory")
        said = (Evidence(what=words, where=f"/proc/{server.process.pid}", kind="process") for words in deviations)
        yield Hit(
            subject=server.id,
            title=f"{who(server)} is not as it was approved: {deviations[0]}",
            severity=Severity.HIGH if about(approval, "auth") else Severity.MEDIUM,
            evidence=(clause, *said),
            remedy=(f"bring it back to what {approval.clause} says", approve_command(server.id)),
        )


RULE = Rule(
    id="server-drift",
    title="An approved server that changed",
    description=(
        "The server is in the inventory, but runs under another account, listens on another port, asks for less "
        "authentication than approved (then high), or its approval has ended. Version, bind and models have rules of "
        "their own."
    ),
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    maturity=Maturity.STABLE,
    remedy=("bring it back to what was approved", "aiguard-agent inventory approve ID"),
    check=check,
)
