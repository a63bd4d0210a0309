"""A server with a key whose other routes answer without it."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import AuthState, Confidence, Estate, Server
from aiguard_agent.core.facts import Scope
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.inventory.reach import reach
from aiguard_agent.policy.remedies import bind_narrower
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import SHOWN, exposed, listeners_seen, where, who


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit partly guarded servers and name the open routes."""
    del known
    for server in estate.servers:
        if server.auth.state is AuthState.PARTIAL:
            yield Hit(
                subject=server.id,
                title=f"{who(server)} at {where(server)} asks for a key, but {_routes(server)} without it",
                severity=_severity(server),
                evidence=(*listeners_seen(server), *server.auth.evidence[:SHOWN]),
                remedy=(*bind_narrower(server), "let a proxy in front close the routes that answer without a key"),
            )


def _routes(server: Server) -> str:
    routes = server.auth.open_routes
    if not routes:
        return "some routes answer"
    rest = f" and {len(routes) - 3} more" if len(routes) > 3 else ""
    return f"{', '.join(routes[:3])}{rest} {'answers' if len(routes) == 1 else 'answer'}"


def _severity(server: Server) -> Severity:
    if exposed(server):
        return Severity.MEDIUM
    return Severity.LOW if reach(server) is Scope.PRIVATE else Severity.INFO


RULE = Rule(
    id="auth-partial",
    title="A key that does not guard everything",
    description=(
        "The server asks for a key on some routes and answers on others without one. Which routes a product leaves "
        "open is often its design (health, metrics, tokenisation); whether that is harmless is for its owner to say. "
        "Medium when strangers reach it, low on a private network, info on loopback."
    ),
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    maturity=Maturity.STABLE,
    remedy=("let a proxy in front close the open routes",),
    atlas=("AML.T0049",),
    owasp=("LLM02",),
    check=check,
)
