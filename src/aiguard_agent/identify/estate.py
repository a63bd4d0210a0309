"""Put servers and models together into what rules see."""

from __future__ import annotations

from collections.abc import Iterable

from aiguard_agent.core.assets import Estate, ModelFile, Server
from aiguard_agent.core.facts import Blind, HostFacts


def estate_of(
    facts: HostFacts,
    servers: Iterable[Server],
    models: Iterable[ModelFile],
    *,
    blind: Iterable[Blind] = (),
    probed: bool = True,
) -> Estate:
    """Return the estate; `blind` is what reading files and asking servers could not see."""
    return Estate(
        taken_at=facts.taken_at,
        hostname=facts.hostname,
        servers=tuple(servers),
        models=tuple(models),
        gpus=facts.gpus,
        blind=tuple(dict.fromkeys((*facts.blind, *blind))),
        processes=len(facts.processes),
        listeners=len(facts.listeners),
        namespaces=len(facts.namespaces),
        files=len(facts.files),
        stores=facts.stores,
        rootless=facts.rootless,
        probed=probed,
    )
