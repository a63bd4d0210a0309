"""How findings name servers, models and places, so that all rules speak alike; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from shlex import quote

from aiguard_agent.core.assets import Estate, Evidence, ModelFile, Server
from aiguard_agent.core.facts import Scope
from aiguard_agent.core.finding import Approval, ApprovalState
from aiguard_agent.inventory.reach import ORDER, endpoint, reach, scope_of
from aiguard_agent.policy.rule import Known

SHOWN = 10
"""Subjects that one finding lists; the rest is counted."""
UNKNOWN_PRODUCT = "unknown-model-server"
"""What a server without a signature is called."""
AUDIENCE = {
    Scope.ANY: "anyone on every interface",
    Scope.PUBLIC: "anyone on a public address",
    Scope.PRIVATE: "anyone on the local network",
    Scope.LOOPBACK: "every account of this host",
    Scope.UNIX: "whoever may open its socket",
}


def who(server: Server) -> str:
    """Name a server and who runs it: `ollama 0.14.2 (bob, ollama.service)`."""
    container = server.container
    boxed = f"container {container.name or container.id[:12]}" if container else ""
    process = server.process
    behind = [part for part in (process.user or f"uid {process.uid}", process.unit, boxed) if part]
    return f"{called(server)} ({', '.join(behind)})"


def called(server: Server) -> str:
    """Name a server alone: `ollama 0.14.2`, `an unknown model server`."""
    if server.product == UNKNOWN_PRODUCT:
        return "an unknown model server"
    return f"{server.product} {server.version}".rstrip()


def where(server: Server) -> str:
    """Name the listener that reaches furthest, with a count of the others: `0.0.0.0:11434 and 1 more`."""
    if not server.listeners:
        return "no listener"
    widest = max(server.listeners, key=lambda one: (ORDER.index(scope_of(server, one)), -one.port))
    more = len(server.listeners) - 1
    return endpoint(widest) + (f" and {more} more" if more else "")


def listeners_seen(server: Server) -> tuple[Evidence, ...]:
    """Say which process owns which listener; of very many the first ones."""
    pid = server.process.pid
    seen = [
        Evidence(
            what=f"pid {one.pid if one.pid is not None else pid} owns {endpoint(one)} ({scope_of(server, one).value})",
            where=endpoint(one),
            kind="port",
        )
        for one in server.listeners[:SHOWN]
    ]
    if server.isolated:
        seen.append(Evidence(what="its network namespace has no interface but loopback", where=f"pid {pid}"))
    return tuple(seen)


def identity_seen(server: Server) -> tuple[Evidence, ...]:
    """Return the strongest reasons why the server is what it is called."""
    return server.evidence[:3]


def process_seen(server: Server, what: str, kind: str = "argv") -> Evidence:
    """Say something about the server's process."""
    return Evidence(what=what, where=f"/proc/{server.process.pid}", kind=kind)


def model_title(model: ModelFile) -> str:
    """Name a model with its file: `llama3.1:8b (gguf, /models/x.gguf)`, or by its file where that says the name."""
    file = model.path.rpartition("/")[2] or model.path
    if not model.name or model.name in (file, file.partition(".")[0], file.rpartition(".")[0]):
        return f"{model.path} ({model.format})"
    return f"{model.name} ({model.format}, {model.path})"


def holders(estate: Estate) -> Mapping[str, Sequence[Server]]:
    """Return, by model id, the servers that hold or name a model."""
    by_pid: dict[int, list[Server]] = {}
    for server in estate.servers:
        for pid in {server.process.pid, *server.children}:
            by_pid.setdefault(pid, []).append(server)
    found: dict[str, dict[str, Server]] = {}
    for model in estate.models:
        for pid in model.held_by:
            found.setdefault(model.id, {}).update({server.id: server for server in by_pid.get(pid, ())})
    for server in estate.servers:
        for ref in server.models:
            if ref.model_id:
                found.setdefault(ref.model_id, {})[server.id] = server
    return {model: tuple(servers[key] for key in sorted(servers)) for model, servers in found.items()}


def not_named(known: Known) -> Evidence:
    """Say that the inventory knows nothing of an asset."""
    return Evidence(what="no entry of the inventory names it", where=known.inventory_path, kind="inventory")


def state_of(known: Known, asset: str) -> ApprovalState:
    """Return what the inventory says of an asset; without an inventory, that there is none."""
    if known.inventory is None:
        return ApprovalState.NO_INVENTORY
    return known.approvals.get(asset, Approval(state=ApprovalState.SHADOW)).state


def approve_command(asset: str) -> str:
    """Return the command that approves an asset, ready to type."""
    return f"aiguard-agent inventory approve {quote(asset)}"


def stop_command(server: Server) -> str:
    """Return how to stop a server the way it was started."""
    if server.container is not None and server.container.runtime in ("docker", "podman"):
        return f"{server.container.runtime} stop {quote(server.container.name or server.container.id[:12])}"
    if server.process.unit.endswith(".service") and "/" not in server.process.unit:
        return f"systemctl stop {quote(server.process.unit)}"
    return f"kill {server.process.pid}"


def exposed(server: Server) -> bool:
    """Tell whether the server is reached from beyond private networks, as far as its bind says."""
    return reach(server) in (Scope.ANY, Scope.PUBLIC)
