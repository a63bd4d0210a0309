"""A server on which strangers may make themselves an account."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import AuthState, Confidence, Estate, Server
from aiguard_agent.core.facts import Scope
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.inventory.reach import reach
from aiguard_agent.policy.remedies import bind_narrower, close_signup
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import AUDIENCE, exposed, listeners_seen, where, who


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit servers with open registration or an unclaimed first account."""
    del known
    for server in estate.servers:
        if server.auth.state is not AuthState.SELF_REGISTRATION:
            continue
        audience = AUDIENCE[reach(server) or Scope.LOOPBACK]
        yield Hit(
            subject=server.id,
            title=f"{who(server)} at {where(server)} lets {audience} make an account",
            severity=_severity(server),
            evidence=(*listeners_seen(server), *server.auth.evidence[:5]),
            remedy=(close_signup(server), *bind_narrower(server)),
        )


def _severity(server: Server) -> Severity:
    if exposed(server):
        return Severity.HIGH
    return Severity.MEDIUM if reach(server) is Scope.PRIVATE else Severity.LOW


RULE = Rule(
    id="self-registration-open",
    title="Anybody may make an account",
    description=(
        "The server has a login, but registration is open, or the first visitor becomes its administrator. High when "
        "strangers reach it, medium on a private network, low on loopback."
    ),
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    maturity=Maturity.STABLE,
    remedy=("close registration", "claim the first account"),
    atlas=("AML.T0049",),
    owasp=("LLM10",),
    check=check,
)
