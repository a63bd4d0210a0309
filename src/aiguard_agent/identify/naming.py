"""Give servers ids that survive restarts: words an operator would use, never a pid."""

from __future__ import annotations

from collections.abc import Sequence

from aiguard_agent.core.facts import Container, Listener, Process

EPHEMERAL = 32768
"""First port of the kernel's usual range for ports that nobody chose (ip_local_port_range)."""


def server_id(
    product: str, hostname: str, head: Process, listeners: Sequence[Listener], container: Container | None
) -> str:
    """Return `product@host[/where][:port]`: the container or unit it runs in, else its user when it has no port."""
    ports = sorted(listener.port for listener in listeners if 0 < listener.port < EPHEMERAL)
    port = f":{ports[0]}" if ports else ""
    if container is not None:
        where = f"/{container.name or container.id[:12]}"
    elif head.unit:
        where = f"/{head.unit}"
    else:
        where = "" if port else f"/{head.user or head.uid}"
    return f"{product}@{hostname}{where}{port}"


def distinct(ids: Sequence[str]) -> list[str]:
    """Return the ids with `~2`, `~3`, … behind later equals, so that each names one asset."""
    seen: dict[str, int] = {}
    found = []
    for name in ids:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}~{seen[name]}")
    return found
