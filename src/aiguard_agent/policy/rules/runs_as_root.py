"""A server or coding agent that runs as root."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from aiguard_agent.core.assets import AuthState, Confidence, Estate, Server
from aiguard_agent.core.facts import Scope
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.inventory.reach import reach
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import called, exposed, process_seen

_AGENTS = "coding-agent-assistant"


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit every server whose process has uid 0 on the host."""
    del known
    for server in estate.servers:
        if server.process.uid != 0:
            continue
        inside = " inside a container" if server.process.container or server.container else ""
        yield Hit(
            subject=server.id,
            title=f"{called(server)} runs as root{inside}",
            severity=_severity(server, contained=bool(inside), rootless=estate.rootless),
            evidence=(process_seen(server, "uid is 0", "process"),),
            remedy=_remedy(server, contained=bool(inside)),
        )


def _severity(server: Server, *, contained: bool, rootless: bool) -> Severity:
    if contained:
        return Severity.LOW
    if exposed(server):
        return Severity.HIGH if server.auth.state is AuthState.NONE else Severity.MEDIUM
    guarded = server.auth.state is AuthState.REQUIRED and reach(server) is not Scope.PRIVATE
    unreachable = not server.listeners and not rootless and server.category != _AGENTS
    return Severity.LOW if guarded or unreachable else Severity.MEDIUM


def _remedy(server: Server, *, contained: bool) -> tuple[str, ...]:
    if contained:
        return ("run it with --user, or remap its user namespace",)
    if server.category == _AGENTS:
        return ("start the agent from an ordinary account",)
    if server.process.unit.endswith(".service") and "/" not in server.process.unit:
        return (f"systemctl edit {quote(server.process.unit)}: User=, or DynamicUser=yes",)
    return ("run it under an account of its own",)


RULE = Rule(
    id="runs-as-root",
    title="Runs as root",
    description=(
        "Whatever makes the server run code (a model file, a hole, a tool call) owns the host. Medium; high when "
        "strangers reach it without credentials; low where only this host reaches it and it asks for a key, where it "
        "listens nowhere, and inside a container, where uid 0 is held by the runtime's fences. The uid "
        "is the one the host sees: a container with a user namespace of its own is not root."
    ),
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    maturity=Maturity.STABLE,
    remedy=("run it under an account of its own",),
    owasp=("LLM06",),
    check=check,
)
