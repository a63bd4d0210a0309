"""Fold processes into servers: a parent and its workers, a swarm, the holders of one socket are one server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiguard_agent.core.facts import Process
from aiguard_agent.identify.entry import entry_of
from aiguard_agent.identify.evidence import Hit
from aiguard_agent.identify.view import View


@dataclass(frozen=True, slots=True)
class Family:
    """The processes of one server, and what names it."""

    head: Process
    """The one that started it: topmost, then earliest."""
    members: tuple[Process, ...]
    """Head first, then by start time."""
    speakers: tuple[Process, ...]
    """The members that are this product or unnamed: an engine below it speaks for itself."""
    hits: tuple[Hit, ...]
    """The named members' hits for the product, strongest first."""


def fold(view: View, named: Mapping[int, Hit]) -> tuple[Family, ...]:
    """Return the families of the named processes, ordered by the head's pid."""
    leader = {pid: pid for pid in named}
    for pid in named:
        for ancestor in view.ancestors(view.processes[pid]):
            if ancestor.pid in named:
                if _belongs(named[pid], view.processes[pid], named[ancestor.pid]):
                    _unite(leader, ancestor.pid, pid)
                break
    _unite_swarms(view, named, leader)
    _unite_sharers(view, named, leader)
    groups: dict[int, list[int]] = {}
    for pid in named:
        groups.setdefault(_root(leader, pid), []).append(pid)
    adopted = _adopted(view, named, leader)
    return tuple(
        _family(view, named, pids, adopted.get(root, [])) for root, pids in sorted(groups.items(), key=lambda g: g[0])
    )


def _family(view: View, named: Mapping[int, Hit], pids: list[int], adopted: list[int]) -> Family:
    processes = [view.processes[pid] for pid in pids]
    inside = set(pids)
    tops = [process for process in processes if process.ppid not in inside] or processes
    head = min(tops, key=lambda process: (_descends(view, process, inside), process.start_ticks, process.pid))
    others = [view.processes[pid] for pid in {*pids, *adopted} - {head.pid}]
    members = (head, *sorted(others, key=lambda process: (process.start_ticks, process.pid)))
    product = named[head.pid].signature.id
    speakers = tuple(p for p in members if p.pid not in named or named[p.pid].signature.id == product)
    hits = [named[pid] for pid in pids if named[pid].signature.id == product]
    return Family(head, members, speakers, tuple(sorted(hits, key=lambda hit: hit.rank, reverse=True)))


def _descends(view: View, process: Process, inside: set[int]) -> bool:
    return any(ancestor.pid in inside for ancestor in view.ancestors(process))


def _belongs(hit: Hit, process: Process, above: Hit) -> bool:
    """Tell whether a named process is a part of the named one above it."""
    signature = above.signature
    if hit.signature.id == signature.id or hit.signature.id in signature.children:
        return True
    return not entry_of(process).names.isdisjoint(name.lower() for name in signature.children)


def _adopted(view: View, named: Mapping[int, Hit], leader: dict[int, int]) -> dict[int, list[int]]:
    """Unnamed descendants, by the leader of the nearest named ancestor that takes them."""
    found: dict[int, list[int]] = {}
    for process in view.facts.processes:
        if process.pid in named or process.state == "Z":
            continue
        for ancestor in view.ancestors(process):
            hit = named.get(ancestor.pid)
            if hit is None:
                continue
            if _takes(hit, process, ancestor):
                found.setdefault(_root(leader, ancestor.pid), []).append(process.pid)
            break
    return found


def _takes(hit: Hit, process: Process, ancestor: Process) -> bool:
    """Tell whether a named server counts an unnamed descendant as its part."""
    children = {name.lower() for name in hit.signature.children}
    entry = entry_of(process)
    if not children.isdisjoint({*entry.names, entry.module.lower()}):
        return True
    return hit.signature.folds == "all" and process.container == ancestor.container


def _unite_swarms(view: View, named: Mapping[int, Hit], leader: dict[int, int]) -> None:
    first: dict[tuple[object, ...], int] = {}
    for pid in sorted(named):
        if named[pid].signature.cluster:
            process = view.processes[pid]
            key = (named[pid].signature.id, process.uid, process.container, process.netns)
            _unite(leader, first.setdefault(key, pid), pid)


def _unite_sharers(view: View, named: Mapping[int, Hit], leader: dict[int, int]) -> None:
    """Pre-fork workers whose parent is gone still share the listening socket."""
    holder: dict[tuple[str, int], int] = {}
    for pid in sorted(named):
        for listener in view.listeners(pid):
            if listener.inode and listener.port:
                _unite(leader, holder.setdefault((named[pid].signature.id, listener.inode), pid), pid)


def _root(leader: dict[int, int], pid: int) -> int:
    while leader[pid] != pid:
        pid = leader[pid]
    return pid


def _unite(leader: dict[int, int], one: int, other: int) -> None:
    a, b = _root(leader, one), _root(leader, other)
    if a != b:
        leader[b] = a
