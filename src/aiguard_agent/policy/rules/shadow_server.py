"""A server that nobody approved."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import AuthState, Confidence, Estate, Server
from aiguard_agent.core.facts import Scope
from aiguard_agent.core.finding import ApprovalState, Maturity, Severity
from aiguard_agent.inventory.reach import reach
from aiguard_agent.policy.remedies import bind_narrower
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import (
    AUDIENCE,
    approve_command,
    identity_seen,
    listeners_seen,
    not_named,
    state_of,
    stop_command,
    who,
)

_OPEN = (AuthState.NONE, AuthState.SELF_REGISTRATION)


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit every server that the inventory does not name."""
    for server in estate.servers:
        if state_of(known, server.id) is not ApprovalState.SHADOW:
            continue
        widest = reach(server)
        yield Hit(
            subject=server.id,
            title=_title(server, widest),
            severity=_severity(server, widest),
            confidence=server.confidence,
            evidence=(not_named(known), *listeners_seen(server), *server.auth.evidence[:3], *identity_seen(server)),
            remedy=_remedy(server),
        )


def _title(server: Server, widest: Scope | None) -> str:
    if widest is None:
        return f"{who(server)} runs here and nobody approved it"
    verb = "answers" if server.auth.state in _OPEN else "can be reached by"
    return f"{who(server)} {verb} {AUDIENCE[widest]} and nobody approved it"


def _severity(server: Server, widest: Scope | None) -> Severity:
    if widest in (Scope.ANY, Scope.PUBLIC):
        return Severity.CRITICAL if server.auth.state in _OPEN else Severity.HIGH
    return Severity.HIGH if widest is Scope.PRIVATE else Severity.MEDIUM


def _remedy(server: Server) -> tuple[str, ...]:
    return (approve_command(server.id), *bind_narrower(server), f"stop it: {stop_command(server)}")


RULE = Rule(
    id="shadow-server",
    title="A server that nobody approved",
    description=(
        "An AI server, gateway, notebook or coding agent runs that no entry of the inventory names. It is critical "
        "when strangers reach it and it asks for nothing, high when the network reaches it, medium when only this "
        "host does. A server that is named but not as approved is no shadow: see version-outside-range, "
        "bind-wider-than-approved and server-drift. Without an inventory this rule stays silent: see no-inventory."
    ),
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    maturity=Maturity.STABLE,
    remedy=("aiguard-agent inventory approve ID", "stop it"),
    atlas=("AML.T0040",),
    owasp=("LLM03",),
    check=check,
)
