"""Put servers and models together into what rules see."""

from __future__ import annotations

from collections.abc import Iterable

from aiguard_agent.core.assets import Estate, ModelFile, Server
from aiguard_agent.core.facts import Blind, HostFacts
from aiguard_agent.core.probing import HttpAnswer


def estate_of(
    facts: HostFacts,
    servers: Iterable[Server],
    models: Iterable[ModelFile],
    *,
    answers: Iterable[HttpAnswer] = (),
    extra_blind: Iterable[Blind] = (),
    probed: bool = True,
) -> Estate:
    """Return the estate; probe failures of named servers become blind spots of it."""
    servers = tuple(servers)
    blind = [*facts.blind, *extra_blind, *_unanswered(servers, answers)]
    return Estate(
        taken_at=facts.taken_at,
        hostname=facts.hostname,
        servers=servers,
        models=tuple(models),
        gpus=facts.gpus,
        blind=tuple(dict.fromkeys(blind)),
        processes=len(facts.processes),
        listeners=len(facts.listeners),
        namespaces=len(facts.namespaces),
        files=len(facts.files),
        stores=facts.stores,
        rootless=facts.rootless,
        probed=probed,
    )


def _unanswered(servers: Iterable[Server], answers: Iterable[HttpAnswer]) -> list[Blind]:
    """Sockets of AI servers that gave no answer to anything: their auth grade is unknown for that reason."""
    told: dict[tuple[int, str, int], list[HttpAnswer]] = {}
    for answer in answers:
        told.setdefault((answer.target.pid, answer.target.address, answer.target.port), []).append(answer)
    found = []
    pids = {pid: server for server in servers for pid in (server.process.pid, *server.children)}
    for (pid, address, port), items in told.items():
        server = pids.get(pid)
        if server is not None and all(answer.status is None for answer in items):
            reason = f"no HTTP answer: {items[0].error or 'nothing came'}"
            found.append(Blind(collector="probe", subject=f"{server.id} at {address}:{port}", reason=reason))
    return found
