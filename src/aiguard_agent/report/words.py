"""Assets in an operator's words, for text that people read; pure, nothing escaped yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiguard_agent.core.assets import AuthState, ModelFile, Server
from aiguard_agent.core.facts import Listener, Scope
from aiguard_agent.core.finding import ApprovalState

APPROVAL = {
    ApprovalState.APPROVED: ("approved", "green"),
    ApprovalState.SHADOW: ("SHADOW", "alarm"),
    ApprovalState.DRIFTED: ("drifted", "yellow"),
    ApprovalState.NO_INVENTORY: ("", ""),
}
"""Word and colour of an approval; without an inventory there is nothing to say."""

URGENCY = (ApprovalState.SHADOW, ApprovalState.DRIFTED, ApprovalState.NO_INVENTORY, ApprovalState.APPROVED)
_REACH = (Scope.ANY, Scope.PUBLIC, Scope.PRIVATE, Scope.LOOPBACK, Scope.UNIX)
UNKNOWN_SERVER = "unknown-model-server"


def amount(number: int, thing: str, things: str = "") -> str:
    """Return `1 listener`, `2 listeners`, `3 processes`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def size(number: int) -> str:
    """Return bytes as `512 B`, `14.2 GB` (powers of 1000)."""
    value = float(number)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 999.95 or unit == "TB":
            break
        value /= 1000
    return f"{number} B" if unit == "B" else f"{value:.1f} {unit}"


def parameters(number: int | None) -> str:
    """Return a parameter count as `8.0B`, `77.6K`; "" when it is not known."""
    if number is None:
        return ""
    for bound, unit in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K")):
        if number >= bound:
            return f"{number / bound:.1f}{unit}"
    return amount(number, "parameter")


def where(listener: Listener) -> str:
    """Return `0.0.0.0:11434`, `[::]:80`, `unix:/run/x.sock`."""
    if listener.family == "unix":
        return f"unix:{listener.address}"
    host = f"[{listener.address}]" if listener.family == "tcp6" else listener.address
    return f"{host}:{listener.port}"


def reach(server: Server) -> int:
    """Return how far a server can be reached from, 0 = every interface; for sorting."""
    return min((_REACH.index(listener.scope) for listener in server.listeners), default=len(_REACH))


def listening(server: Server, *, rootless: bool = False) -> str:
    """Return the farthest-reaching socket of a server and how many more it has; without root none proves nothing."""
    if not server.listeners:
        return "socket not seen" if rootless else "no socket"
    first, *others = sorted(server.listeners, key=lambda found: (_REACH.index(found.scope), found.port, found.address))
    more = f" +{len(others)}" if others else ""
    return f"{where(first)}{more}{' (isolated)' if server.isolated else ''}"


def access(server: Server, *, probed: bool) -> str:
    """Return how open a server is."""
    routes = len(server.auth.open_routes)
    match server.auth.state:
        case AuthState.NONE:
            return "no authentication"
        case AuthState.PARTIAL:
            return f"key, {amount(routes, 'route')} open" if routes else "key, partly open"
        case AuthState.SELF_REGISTRATION:
            return "anyone may register"
        case AuthState.REQUIRED:
            return "authentication"
        case AuthState.UNKNOWN:
            if not server.listeners:
                return "-"
            return "auth unknown" if probed else "auth not asked"


def product(server: Server) -> str:
    """Return `ollama 0.14.2`; a server nobody has a signature for is `model server?`."""
    name = "model server?" if server.product == UNKNOWN_SERVER else server.product
    return f"{name} {server.version}".strip()


def owner(server: Server) -> str:
    """Return who runs a server: user, unit, container, pid."""
    parts = [server.process.user or f"uid {server.process.uid}", server.process.unit]
    if server.container is not None:
        container = server.container
        parts.append(" ".join(filter(None, (container.runtime or "container", container.id[:12], container.name))))
    return ", ".join([*filter(None, parts), f"pid {server.process.pid}"])


def loaded(server: Server, models: Mapping[str, ModelFile]) -> str:
    """Return the first model of a server, how many more it has, and what the first one is."""
    more = len(server.models) + len(server.remote_models) - 1
    if more < 0:
        return "no model seen"
    plus = f" +{more}" if more else ""
    if not server.models:
        return f"{server.remote_models[0]}{plus} · remote"
    first = server.models[0]
    model = models.get(first.model_id)
    called = first.name or first.path
    name = called.rpartition("/")[2] or called if called.startswith("/") else called
    return f"{name}{plus} · {kind(model)}" if model is not None else name + plus


def kind(model: ModelFile) -> str:
    """Return `gguf Q4_K_M · 8.0B`."""
    return " · ".join(filter(None, (f"{model.format} {model.quantization}".strip(), parameters(model.parameters))))


def remarks(model: ModelFile) -> str:
    """Return what is special about a model: held, code on load, writable by all, not read to the end."""
    found = [f"held by pid {', '.join(map(str, model.held_by[:3]))}{' …' if len(model.held_by) > 3 else ''}"]
    return ", ".join(
        (found if model.held_by else [])
        + (["runs code on load"] if model.runs_code else [])
        + (["writable by all"] if model.world_writable or model.directory_world_writable else [])
        + ([] if model.complete else ["header incomplete"])
    )


def place(model: ModelFile) -> str:
    """Return how a model was come upon: its store, or that somebody named it."""
    return {"argv": "named on a command line", "path": "named by --path"}.get(model.store, model.store)


def by_store(models: Iterable[ModelFile]) -> str:
    """Return `huggingface 150 (210.4 GB), ollama 42 (180.1 GB)`, the fullest first."""
    stores: dict[str, list[int]] = {}
    for model in models:
        stores.setdefault(model.store or "elsewhere", []).append(model.size)
    ordered = sorted(stores.items(), key=lambda item: (-len(item[1]), item[0]))
    return ", ".join(f"{store} {len(sizes):,} ({size(sum(sizes))})" for store, sizes in ordered)
