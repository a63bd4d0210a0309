"""Name the AI servers of a host: match processes, sockets and answers against the signatures, then fold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from aiguard_agent.core.assets import Confidence, Evidence, Server
from aiguard_agent.core.facts import Listener, Process
from aiguard_agent.identify.auth import grade
from aiguard_agent.identify.evidence import EXACT, SHOWN, Hit, hit_of
from aiguard_agent.identify.families import Family, fold
from aiguard_agent.identify.index import Index
from aiguard_agent.identify.loaded import loaded
from aiguard_agent.identify.naming import distinct, server_id
from aiguard_agent.identify.unknown import unknown_servers
from aiguard_agent.identify.version import chosen, disagreements, versions
from aiguard_agent.identify.view import View

EVIDENCE_LIMIT = 24


def identify_servers(view: View, index: Index) -> tuple[Server, ...]:
    """Return the servers, unknown model servers included, ordered by id."""
    named, beaten = name_processes(view, index)
    families = fold(view, named)
    taken = {process.pid for family in families for process in family.members}
    servers = [_server(view, family, beaten) for family in families]
    servers += unknown_servers(view, taken)
    servers = sorted(servers, key=lambda server: (server.id, server.process.start_ticks, server.process.pid))
    renamed = [
        replace(server, id=name)
        for server, name in zip(servers, distinct([server.id for server in servers]), strict=True)
    ]
    return tuple(_with_fronts(view, families, renamed))


def name_processes(view: View, index: Index) -> tuple[Mapping[int, Hit], Mapping[int, tuple[Hit, ...]]]:
    """Return (the winning hit of each named process, the hits that lost against it)."""
    named: dict[int, Hit] = {}
    beaten: dict[int, tuple[Hit, ...]] = {}
    for process in view.facts.processes:
        if process.state == "Z":
            continue
        candidates = index.candidates(view, process)
        hits = [hit for signature in candidates if (hit := hit_of(view, process, signature)) is not None]
        if hits:
            named[process.pid], beaten[process.pid] = _winner(hits)
    return named, beaten


def _winner(hits: Iterable[Hit]) -> tuple[Hit, tuple[Hit, ...]]:
    """What emulates or is built on another outranks it; a family is named only when no product is."""
    ranked = sorted(hits, key=lambda hit: (hit.signature.generic, [-part for part in hit.rank], hit.signature.id))
    shadowed = {name for hit in ranked for name in hit.signature.emulates}
    shadowed -= {hit.signature.id for hit in ranked if set(hit.signature.emulates) & _emulators(hit, ranked)}
    standing = [hit for hit in ranked if hit.signature.id not in shadowed] or ranked
    best = standing[0]
    return best, tuple(hit for hit in ranked if hit is not best)


def _emulators(hit: Hit, others: Iterable[Hit]) -> set[str]:
    """Those of `others` that emulate `hit` too: two that claim each other are decided by rank alone."""
    return {other.signature.id for other in others if hit.signature.id in other.signature.emulates}


def _server(view: View, family: Family, beaten: Mapping[int, tuple[Hit, ...]]) -> Server:
    hit, head = family.hits[0], family.head
    signature = hit.signature
    claims = versions(view, family.members, signature)
    models, remote = loaded(view, family.members, signature, family.speakers)
    listeners = _listeners(view, family.members)
    container = view.container(head)
    evidence = {(item.what, item.where): item for hit in family.hits for item in hit.evidence}
    rivals = [rival for process in family.members for rival in beaten.get(process.pid, ())]
    return Server(
        id=server_id(signature.id, view.facts.hostname, head, listeners, container),
        product=signature.id,
        name=signature.name,
        category=signature.category,
        process=head,
        children=tuple(process.pid for process in family.members[1:]),
        listeners=listeners,
        version=chosen(claims),
        versions=claims,
        auth=grade(view, family.members, signature),
        models=models,
        container=container,
        isolated=head.netns in view.isolated,
        emulates=tuple(sorted({r.signature.id for r in rivals if r.signature.id in signature.emulates})),
        remote_models=remote,
        confidence=max((h.confidence for h in family.hits), default=Confidence.LOW),
        evidence=tuple(sorted(evidence.values(), key=lambda e: (-e.weight, e.what, e.where))[:EVIDENCE_LIMIT]),
        conflicts=(*disagreements(claims), *_conflicts(family.hits, rivals)),
    )


def _conflicts(hits: Iterable[Hit], rivals: Iterable[Hit]) -> tuple[Evidence, ...]:
    """Where the process is one product and answers as another that it does not emulate: disguised, or patched."""
    hits = tuple(hits)
    signature = hits[0].signature
    kinds = frozenset().union(*(hit.kinds for hit in hits))
    related = {*signature.emulates, *signature.children, signature.id}
    found: dict[str, Evidence] = {}
    for rival in rivals:
        other = rival.signature
        if other.id in related or other.generic or signature.generic or signature.id in other.emulates:
            continue
        for item in rival.evidence:
            if item.kind == "http" and kinds & SHOWN:
                what = f"the process is {signature.id}, but {item.what.split(',')[0]} is an answer of {other.id}"
            elif item.kind in EXACT and not kinds & SHOWN:
                what = f"it answers as {signature.id}, but {item.what}, which is {other.id}"
            else:
                continue
            found.setdefault(other.id, Evidence(what=what, where=item.where, kind="identity"))
    return tuple(found.values())


def _listeners(view: View, members: Iterable[Process]) -> tuple[Listener, ...]:
    found = {}
    for process in members:
        for listener in view.listeners(process.pid):
            found[(listener.netns, listener.family, listener.address, listener.port)] = listener
    return tuple(sorted(found.values(), key=lambda x: (x.family == "unix", x.port, x.family, x.address)))


def _with_fronts(view: View, families: Iterable[Family], servers: Iterable[Server]) -> list[Server]:
    """Link a server to those that it started as products of their own (a gateway and its engines)."""
    by_pid = {server.process.pid: server for server in servers}
    folds = {family.head.pid: family.hits[0].signature.folds for family in families}
    fronts: dict[int, list[str]] = {}
    member_of = {process.pid: family.head.pid for family in families for process in family.members}
    for server in by_pid.values():
        for ancestor in view.ancestors(server.process):
            above = member_of.get(ancestor.pid)
            if above is not None and above != server.process.pid:
                if folds.get(above) == "all":
                    fronts.setdefault(above, []).append(server.id)
                break
    return [replace(server, front_of=tuple(sorted(fronts.get(pid, ())))) for pid, server in by_pid.items()]
