"""Is this server approved, and by which clause? And all assets of a host at once. Pure.

Product and all that narrows it (id, name, host, unit, container) say which server is meant; user, ports, version,
bind, auth, models and date then say whether it is as approved. Each deviation is a sentence whose first word says
what it is about (`version …`, `bind …`), see `about`. How models are matched stands in `models`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiguard_agent.core.assets import Estate, ModelFile, Server
from aiguard_agent.core.finding import Approval, ApprovalState
from aiguard_agent.inventory.globs import fits
from aiguard_agent.inventory.models import match_models, title_of_entry, unseen_models
from aiguard_agent.inventory.schema import ApprovedServer, Inventory
from aiguard_agent.inventory.terms import deviations_of_server, expired

__all__ = ["about", "match_estate", "match_models", "match_servers", "means", "unseen"]


def match_estate(inventory: Inventory | None, estate: Estate, *, today: str) -> dict[str, Approval]:
    """Answer for every asset of a host; without an inventory, that there is none."""
    if inventory is None:
        nothing = Approval(state=ApprovalState.NO_INVENTORY)
        return dict.fromkeys(
            [*(model.id for model in estate.models), *(server.id for server in estate.servers)], nothing
        )
    return {
        **match_models(inventory, estate.models, today=today),
        **match_servers(inventory, estate.servers, estate.models, hostname=estate.hostname, today=today),
    }


def about(approval: Approval, *topics: str) -> tuple[str, ...]:
    """Return the deviations whose first word is one of `topics`."""
    return tuple(words for words in approval.deviations if words.split(" ", 1)[0] in topics)


def match_servers(
    inventory: Inventory,
    servers: Iterable[Server],
    models: Iterable[ModelFile],
    *,
    hostname: str = "",
    today: str = "",
) -> dict[str, Approval]:
    """Answer for each server, by its id. Of several entries that mean it, the one with the fewest deviations."""
    files = {model.id: model for model in models}
    return {server.id: _server_approval(inventory, server, files, hostname, today) for server in servers}


def _server_approval(
    inventory: Inventory, server: Server, files: Mapping[str, ModelFile], hostname: str, today: str
) -> Approval:
    best: tuple[int, int, str, tuple[str, ...]] | None = None
    for index, entry in enumerate(inventory.servers):
        by = means(entry, server, hostname)
        if not by:
            continue
        deviations = (*deviations_of_server(entry, server, files), *expired(entry.expires, today))
        if best is None or len(deviations) < best[0]:
            best = (len(deviations), index, by, deviations)
    if best is None:
        return Approval(state=ApprovalState.SHADOW)
    _, index, by, deviations = best
    name, _, place = inventory.clause("servers", index).partition(" ")
    state = ApprovalState.DRIFTED if deviations else ApprovalState.APPROVED
    return Approval(state=state, clause=f"{name} by {by} {place}".rstrip(), deviations=deviations)


def means(entry: ApprovedServer, server: Server, hostname: str = "") -> str:
    """Say by what the entry means this server (`product and unit`), "" when it means another one."""
    container = server.container
    wishes: tuple[tuple[str, str | None, tuple[str, ...]], ...] = (
        ("product", entry.product, (server.product,)),
        ("id", entry.id, (server.id,)),
        ("name", entry.name, (server.name,)),
        ("host", entry.host, (hostname,)),
        ("unit", entry.unit, (server.process.unit,)),
        ("container", entry.container, (container.name, container.image, container.id) if container else ()),
    )
    stated = [(key, fits(pattern, *values)) for key, pattern, values in wishes if pattern is not None]
    return " and ".join(key for key, _ in stated) if all(fit for _, fit in stated) else ""


def unseen(inventory: Inventory, estate: Estate) -> tuple[tuple[str, str], ...]:
    """Return what was approved but is not here: the clause, and words for it that do not change with its position.

    A server entry that names other hosts only is not missed on this one.
    """
    missing = [
        (inventory.clause("models", index), f"model {title_of_entry(inventory.models[index])}")
        for index in unseen_models(inventory, estate.models)
    ]
    for index, server in enumerate(inventory.servers):
        if server.host is not None and not fits(server.host, estate.hostname):
            continue
        if not any(means(server, seen, estate.hostname) for seen in estate.servers):
            narrowed = (server.product, server.name, server.host, server.unit, server.container)
            words = " ".join(("server", *([server.id] if server.id else (text for text in narrowed if text))))
            missing.append((inventory.clause("servers", index), words))
    return tuple(missing)
