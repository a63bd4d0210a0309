"""How far a server can be reached from, its namespace taken into account; pure."""

from __future__ import annotations

from aiguard_agent.core.assets import Server
from aiguard_agent.core.facts import Listener, Scope

ORDER = (Scope.UNIX, Scope.LOOPBACK, Scope.PRIVATE, Scope.PUBLIC, Scope.ANY)
"""Narrow to wide."""
FIRST_UNCHOSEN = 32768
"""From here on Linux hands out ports by itself (net.ipv4.ip_local_port_range)."""


def scope_of(server: Server, listener: Listener) -> Scope:
    """Return the listener's scope; inside a namespace that has only loopback, nothing reaches further than that."""
    return Scope.LOOPBACK if server.isolated and listener.scope is not Scope.UNIX else listener.scope


def reach(server: Server) -> Scope | None:
    """Return the widest scope of a server, None when it listens nowhere."""
    scopes = [scope_of(server, listener) for listener in server.listeners]
    return max(scopes, key=ORDER.index) if scopes else None


def endpoint(listener: Listener) -> str:
    """Name a listener the way it is typed: `0.0.0.0:11434`, `[::1]:8000`, `/run/x.sock`."""
    if listener.family == "unix" or not listener.port:
        return listener.address
    address = f"[{listener.address}]" if ":" in listener.address else listener.address
    return f"{address}:{listener.port}"


def unchosen(server: Server, listener: Listener) -> bool:
    """Tell whether nobody chose this port: a worker's own, high and on loopback, another one after each restart."""
    return listener.port >= FIRST_UNCHOSEN and scope_of(server, listener) is Scope.LOOPBACK
