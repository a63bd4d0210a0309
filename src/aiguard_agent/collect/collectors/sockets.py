"""All listening sockets of every network namespace, and who owns them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiguard_agent.collect.addresses import scope_of
from aiguard_agent.collect.collector import Collector, Options, Sight
from aiguard_agent.collect.holders import SEARCHES, Search, Wanted, order_of_holders
from aiguard_agent.collect.host import TEXT_LIMIT, Host, blind_of
from aiguard_agent.collect.memory import Identity, identity_of
from aiguard_agent.collect.netns import Dump, dump_here, dump_inside
from aiguard_agent.collect.procfs import parse_namespace
from aiguard_agent.collect.procnet import (
    parse_interfaces,
    parse_local_v4,
    parse_local_v6,
    parse_tcp,
    parse_unix,
)
from aiguard_agent.collect.rights import advice
from aiguard_agent.core.facts import Blind, BlindKind, Listener, Namespace, Process, Scope

NAME = "sockets"
_TABLE_LIMIT = 16 * TEXT_LIMIT
_MEMBERS = 3
"""How many processes of a namespace are tried when the first one has just ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Space:
    """One network namespace and the processes that live in it."""

    inode: int | None
    """None = a recorded host that did not record namespaces."""
    members: tuple[Process, ...]
    own: bool


def look(host: Host, options: Options, seen: Sight) -> Sight:
    """List the listening sockets of each namespace that some process lives in, then find their owners."""
    processes = seen.processes or ()
    spaces = _spaces(host, processes)
    blind: list[Blind] = _unplaced(host, processes)
    dumps: dict[int | None, Dump] = {}
    for space, dump in _dumps(host, spaces):
        dumps[space.inode] = dump
        if dump.error is not None:
            blind.append(blind_of(NAME, f"namespace {space.inode}", dump.error))
    listeners = _owned(host, options, processes, dumps)
    namespaces = tuple(_namespace(host, space) for space in spaces if space.inode is not None)
    host.memory.namespaces = {space.inode: space for space in namespaces}
    blind += _unowned(host, listeners, options)
    return Sight(listeners=listeners, namespaces=namespaces, blind=tuple(blind))


def _owned(
    host: Host, options: Options, processes: Sequence[Process], dumps: Mapping[int | None, Dump]
) -> tuple[Listener, ...]:
    """Return the sockets with their owners; the same as last time when neither sockets nor owners changed."""
    memory = host.memory
    key = tuple((netns, dump.tcp, dump.unix) for netns, dump in dumps.items())
    unsure = any(count < SEARCHES for count in memory.vain.values())
    if memory.thorough or unsure or memory.sockets != key or not _live_on(memory.holding, processes):
        search = Search(host, options.descriptors, processes)
        search.run(_wanted(dumps))
        memory.sockets = key
        interesting = frozenset(pid for pid, known in memory.known.items() if known.interesting)
        memory.listeners = tuple(_listeners(dumps, search, interesting))
    return memory.listeners


def _live_on(holding: frozenset[Identity], processes: Sequence[Process]) -> bool:
    """Tell whether all who held a socket are still there."""
    pids = {pid for pid, _ticks in holding}
    return len(holding) == len([None for one in processes if one.pid in pids and identity_of(one) in holding])


def _spaces(host: Host, processes: Sequence[Process]) -> list[_Space]:
    """Group the processes by namespace, our own (or that of a recorded init) first."""
    groups: defaultdict[int | None, list[Process]] = defaultdict(list)
    for process in processes:
        if process.state not in "ZX":
            groups[process.netns].append(process)
    groups.pop(None, None)
    own = _own(host, processes)
    if own is None and not groups and not host.live:
        return [_Space(inode=None, members=tuple(processes), own=True)]
    if own is not None:
        groups.setdefault(own, [])
    return [
        _Space(inode=inode, members=tuple(groups[inode]), own=inode == own)
        for inode in sorted(groups, key=lambda inode: (inode != own, inode))
    ]


def _own(host: Host, processes: Sequence[Process]) -> int | None:
    """Return our own namespace; in a recorded host that of its init."""
    if not host.live:
        return next((process.netns for process in processes if process.pid == 1), None)
    try:
        return parse_namespace(host.link("/proc/self/ns/net"))
    except OSError:
        return None


def _dumps(host: Host, spaces: Sequence[_Space]) -> list[tuple[_Space, Dump]]:
    """Ask the kernel about every namespace; where it refuses, and in a recorded host, read the text files."""
    asked: dict[int | None, Dump] = {}
    if host.live:
        asked.update((space.inode, dump_here()) for space in spaces if space.own)
        others = {space.inode: space for space in spaces if space.inode is not None and not space.own}
        links = {inode: f"/proc/{space.members[0].pid}/ns/net" for inode, space in others.items()}
        asked.update(dump_inside(links).items())
    results = []
    for space in spaces:
        dump = asked.get(space.inode)
        if dump is None or dump.error is not None:
            dump = _read(host, space, dump)
        results.append((space, dump))
    return results


def _read(host: Host, space: _Space, refused: Dump | None) -> Dump:
    """Read the tables of a namespace through one of its processes."""
    folders = [f"/proc/{process.pid}/net" for process in space.members[:_MEMBERS]]
    error = refused.error if refused else None
    for folder in [*folders, "/proc/self/net" if host.live else "/proc/net"] if space.own else folders:
        try:
            four = host.text(f"{folder}/tcp", _TABLE_LIMIT)
        except OSError as problem:
            error = error or problem
            continue
        tcp = parse_tcp(four, "tcp4") + parse_tcp(_text(host, f"{folder}/tcp6"), "tcp6")
        return Dump(tcp=tcp, unix=parse_unix(_text(host, f"{folder}/unix")))
    return Dump(error=error or FileNotFoundError(2, "no table of its sockets"))


def _text(host: Host, path: str) -> str:
    """Read a table that need not be there: a kernel without IPv6, a recorded host without unix sockets."""
    try:
        return host.text(path, _TABLE_LIMIT)
    except OSError:
        return ""


def _wanted(dumps: Mapping[int | None, Dump]) -> dict[int, Wanted]:
    """Return the inodes whose holders are looked for."""
    wanted: dict[int, Wanted] = {}
    for netns, dump in dumps.items():
        wanted |= {one.inode: Wanted(netns=netns, uid=one.uid, widen=False) for one in dump.unix if one.inode}
        wanted |= {one.inode: Wanted(netns=netns, uid=one.uid) for one in dump.tcp if one.inode}
    return wanted


def _listeners(dumps: Mapping[int | None, Dump], search: Search, interesting: frozenset[int]) -> list[Listener]:
    """Join sockets and holders; of the unix sockets only those of interesting processes."""
    listeners: list[Listener] = []
    for netns, dump in dumps.items():
        for one in (*dump.tcp, *dump.unix):
            pids = order_of_holders(search.found.get(one.inode, ()))
            if one.family == "unix" and interesting.isdisjoint(pids):
                continue
            listeners.append(
                Listener(
                    family=one.family,
                    address=one.address,
                    port=one.port,
                    scope=Scope.UNIX if one.family == "unix" else scope_of(one.address),
                    netns=netns,
                    inode=one.inode,
                    uid=one.uid,
                    pid=pids[0] if pids else None,
                    pids=pids,
                )
            )
    return listeners


def _namespace(host: Host, space: _Space) -> Namespace:
    """Describe one namespace; its interfaces and addresses are read again on thorough passes only."""
    inode = space.inode or 0
    kept = host.memory.namespaces.get(inode)
    member = space.members[0].pid if space.members else None
    interfaces, addresses = (kept.interfaces, kept.addresses) if kept else ((), ())
    if kept is None or host.memory.thorough:
        folder = f"/proc/{member or 'self'}/net"
        interfaces = parse_interfaces(_text(host, f"{folder}/dev"))
        four, six = _text(host, f"{folder}/fib_trie"), _text(host, f"{folder}/if_inet6")
        addresses = parse_local_v4(four) + parse_local_v6(six)
    return Namespace(
        inode=inode,
        pids=len(space.members),
        member=member,
        own=space.own,
        interfaces=interfaces,
        addresses=addresses,
    )


def _unplaced(host: Host, processes: Sequence[Process]) -> list[Blind]:
    """Count the processes that live in a namespace which we cannot even name."""
    if not host.live:
        return []
    homeless = [process for process in processes if process.netns is None]
    count = sum(process.exe != "" and process.state not in "ZX" for process in homeless)
    if not count:
        return []
    reason = f"they live in network namespaces that are denied to us; {advice(host)}"
    subject = f"sockets of {count} processes"
    return [Blind(collector=NAME, subject=subject, reason=reason, kind=BlindKind.DENIED, count=count)]


def _unowned(host: Host, listeners: Sequence[Listener], options: Options) -> list[Blind]:
    """Say how many sockets stayed without an owner, and why."""
    count = sum(one.pid is None and one.family != "unix" for one in listeners)
    if not count:
        return []
    reason, kind = "held by the kernel or by a process outside our view", BlindKind.DENIED
    if host.memory.search_spent:
        reason, kind = f"the budget of {options.descriptors} descriptors was spent", BlindKind.BUDGET
    elif host.memory.search_denied:
        reason = f"the descriptors of {host.memory.search_denied} processes are denied; {advice(host)}"
    subject = f"owners of {count} listening sockets"
    return [Blind(collector=NAME, subject=subject, reason=reason, kind=kind, count=count)]


COLLECTOR = Collector(
    name=NAME,
    order=20,
    help="listening sockets in every network namespace, and who owns them",
    needs=("CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"),
    collect=look,
)
