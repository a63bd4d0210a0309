"""A server that answers without credentials, graded by who can reach it."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import AuthState, Confidence, Estate, Server
from aiguard_agent.core.facts import Scope
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.inventory.reach import reach
from aiguard_agent.policy.remedies import close_door
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import AUDIENCE, identity_seen, listeners_seen, where, who

_SEVERITY = {
    Scope.ANY: Severity.CRITICAL,
    Scope.PUBLIC: Severity.CRITICAL,
    Scope.PRIVATE: Severity.HIGH,
    Scope.LOOPBACK: Severity.LOW,
    Scope.UNIX: Severity.INFO,
}
_RUNNERS = frozenset({"jupyter", "langflow", "marimo", "n8n", "open-interpreter", "ray", "zeppelin"})
"""Products whose purpose is to run the code of whoever is let in."""


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit open servers, and those on the network of which nothing is known."""
    del known
    for server in estate.servers:
        widest = reach(server)
        if widest is None:
            continue
        if server.auth.state is AuthState.NONE:
            yield _open(server, widest)
        elif server.auth.state is AuthState.UNKNOWN and widest not in (Scope.LOOPBACK, Scope.UNIX):
            yield _unknown(server, widest)


def _open(server: Server, widest: Scope) -> Hit:
    runner = server.product in _RUNNERS
    as_root = " as root" if server.process.uid == 0 else ""
    return Hit(
        subject=server.id,
        title=f"{who(server)} at {where(server)} answers {AUDIENCE[widest]} without credentials"
        f"{f', and runs their code{as_root}' if runner else ''}",
        severity=_of_runner(server) if runner and widest is Scope.LOOPBACK else _SEVERITY[widest],
        confidence=max(Confidence.MEDIUM, server.confidence) if server.auth.evidence else Confidence.MEDIUM,
        evidence=(*listeners_seen(server), *server.auth.evidence[:5], *identity_seen(server)),
        remedy=close_door(server),
    )


def _of_runner(server: Server) -> Severity:
    """On loopback, who runs the code of any account lends it its own; a container lends only itself."""
    if server.isolated or server.container is not None:
        return Severity.LOW
    return Severity.HIGH if server.process.uid == 0 else Severity.MEDIUM


def _unknown(server: Server, widest: Scope) -> Hit:
    return Hit(
        subject=server.id,
        title=f"{who(server)} at {where(server)} can be reached by {AUDIENCE[widest]}, and whether it asks for "
        "credentials could not be told",
        severity=Severity.MEDIUM,
        confidence=Confidence.LOW,
        evidence=(*listeners_seen(server), *server.auth.evidence[:5], *identity_seen(server)),
        remedy=close_door(server),
    )


RULE = Rule(
    id="exposed-no-auth",
    title="Open to whoever reaches it",
    description=(
        "The server answers without credentials. Critical on a wildcard or public address, high on a private one, "
        "low on loopback (every account and every web page open on this host can try it), info on a unix socket. What "
        "runs code by design (notebooks, workflow builders, Ray) is medium on loopback, and high as root: any account "
        "becomes the server's. A namespace that has only loopback counts as loopback. When the grade is unknown and "
        "the server is on the network, a medium finding of low confidence says so. Firewalls and published "
        "container ports are not looked at: the bind address alone speaks."
    ),
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    maturity=Maturity.STABLE,
    remedy=("bind it to 127.0.0.1", "turn its authentication on"),
    atlas=("AML.T0040", "AML.T0049"),
    owasp=("LLM10", "LLM02"),
    check=check,
)
