"""An approved server that can be reached from further away than approved."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import AuthState, Confidence, Estate, Evidence, Server
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.inventory.match import about
from aiguard_agent.policy.remedies import bind_narrower
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import exposed, listeners_seen, who


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit every named server with a listener wider than its entry allows."""
    for server in estate.servers:
        approval = known.approvals.get(server.id)
        deviations = about(approval, "bind") if known.inventory is not None and approval is not None else ()
        if approval is None or not deviations:
            continue
        clause = Evidence(what=f"approved as {approval.clause}", where=known.inventory_path, kind="inventory")
        yield Hit(
            subject=server.id,
            title=f"{who(server)} is approved, but its {deviations[0]}",
            severity=_severity(server),
            evidence=(clause, *listeners_seen(server)),
            remedy=(*bind_narrower(server), f"widen `bind` in {approval.clause}"),
        )


def _severity(server: Server) -> Severity:
    if not exposed(server):
        return Severity.MEDIUM
    return Severity.HIGH if server.auth.state is AuthState.REQUIRED else Severity.CRITICAL


RULE = Rule(
    id="bind-wider-than-approved",
    title="Reachable from further away than approved",
    description=(
        "The server is in the inventory with a `bind` that one of its listeners exceeds. Critical when strangers "
        "reach it and nothing shows that it asks for a key, high when it does ask, else medium. A server in a network "
        "namespace that has only loopback is reached from nowhere else, whatever it binds to."
    ),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    maturity=Maturity.STABLE,
    remedy=("bind it as approved", "widen `bind` of the entry"),
    atlas=("AML.T0049",),
    check=check,
)
