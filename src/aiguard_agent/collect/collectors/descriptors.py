"""What processes map and hold open: the model files that are in use right now.

Files that are read and closed (pickle, TorchScript) show in neither; the store walk and argv find those.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache

from aiguard_agent.collect import maps
from aiguard_agent.collect.candidates import HUGE, held_candidate, is_code_or_data, named_like_model
from aiguard_agent.collect.collector import Collector, Options, Sight
from aiguard_agent.collect.descriptors import count_of, descriptors_of
from aiguard_agent.collect.host import Host, blind_of
from aiguard_agent.collect.locate import Locator, Place
from aiguard_agent.collect.memory import Descriptors, identity_of
from aiguard_agent.collect.procfs import parse_stat
from aiguard_agent.collect.recall import Enriched, Held, recall
from aiguard_agent.core.facts import Blind, BlindKind, FileSeen, Process
from aiguard_agent.errors import BudgetExceeded

NAME = "descriptors"
LARGE_PROCESS = 256 << 20
_INTERPRETERS = ("python", "pypy", "node", "java", "bun", "deno")
_NOWHERE = ("/dev/", "/proc/", "/sys/", "/SYSV", "/anon_hugepage", "/[aio]", "/drm ", "/i915", "/dmabuf")
_SHARED_MEMORY = "/dev/shm/"  # noqa: S108 - compared, nothing is put there
_SYSTEM = ("/usr/", "/lib/", "/lib64/", "/var/cache/")
_MEMORY_FILE = "/memfd:"
_MEMORY_FILE_BIG = 64 << 20
"""Programs pass small things around in memory files; a model in one is big."""
_MAX_STATS = 4096
_NEVER = (-1,)
"""The stamp of what was not read to its end: the next pass reads it again."""


@dataclass(slots=True)
class _Pass:
    """One pass: what was found so far, one entry per inode."""

    host: Host
    options: Options
    locator: Locator
    places: dict[tuple[int, int], Place] = field(default_factory=dict)
    holders: dict[tuple[int, int], set[int]] = field(default_factory=dict)
    aliases: dict[tuple[int, int], dict[str, None]] = field(default_factory=dict)
    blind: list[Blind] = field(default_factory=list)
    starved: int = 0

    def hold(self, pid: int, place: Place) -> None:
        """Count a file once, whatever its paths and holders."""
        key = (place.stat.st_dev, place.stat.st_ino)
        first = self.places.setdefault(key, place)
        if first.reach and not place.reach:  # a proved host path beats a path inside a container
            self.places[key] = place
        self.holders.setdefault(key, set()).add(pid)
        names = self.aliases.setdefault(key, {})
        for name in (first.path, place.path, *place.aliases):
            names[name] = None

    def files(self) -> tuple[FileSeen, ...]:
        """Return the facts, by path."""
        found = []
        for key, place in self.places.items():
            names = tuple(name for name in self.aliases[key] if name != place.path)
            held_by = tuple(sorted(self.holders[key]))
            seen = self.locator.file_seen(place, store="held", held_by=held_by)
            found.append(replace(seen, aliases=names))
        return tuple(sorted(found, key=lambda seen: seen.path))


def _collect(host: Host, options: Options, seen: Sight) -> Sight:
    run = _Pass(host, options, Locator(host))
    owners = {pid for listener in seen.listeners for pid in (listener.pid, *listener.pids) if pid}
    awake = owners | {pid for pid, _ticks in host.memory.descriptors}
    memory = recall(host)
    held, glanced = memory.held, memory.glanced
    memory.held, memory.glanced = {}, {}
    if host.memory.thorough:
        memory.dull.clear()
    dull = memory.dull
    processes = list(seen.processes or ())
    for index, process in enumerate(processes):
        pid = process.pid
        if dull.get(pid) is process and pid not in awake:
            continue
        if process.exe == "" or process.state in "ZX":
            dull[pid] = process
        elif host.memory.cares(options.interesting, process) or _deserves(process, owners):
            processes[index] = _inspected(run, process, held.get(identity_of(process)))
        else:
            _glance(run, process, glanced.get(identity_of(process), ()))
    if run.starved:
        run.blind.append(
            Blind(
                collector=NAME,
                subject="descriptors",
                reason=f"budget of {options.descriptors} descriptor links is spent",
                kind=BlindKind.BUDGET,
                count=run.starved,
            )
        )
    return Sight(processes=tuple(processes), files=run.files(), blind=tuple(run.blind))


def _inspected(run: _Pass, process: Process, before: Held | None) -> Process:
    """Return the process with what it maps and holds open; read anew when that changed, and in a thorough pass."""
    stamp = _stamp(run.host, process)
    if before is not None and before.stamp == stamp and not run.host.memory.thorough:
        run.blind += before.blind
        _again(run, process, before.candidates)
        return _handed_on(run.host, process, before)
    told, starved = len(run.blind), run.starved
    held = _look(run, process)
    if held is None:
        return process
    whole = replace(held, blind=tuple(run.blind[told:]), stamp=stamp if run.starved == starved else _NEVER)
    return _handed_on(run.host, process, whole)


def _handed_on(host: Host, process: Process, held: Held) -> Process:
    """Remember what a process holds and return it with that; the same value as last time when it is the same."""
    if held.made is None or held.made.source is not process:
        result = replace(process, inspected=True, mapped=held.mapped, opened=held.opened)
        held = replace(held, made=Enriched(process, result))
    else:
        result = held.made.result
    recall(host).held[identity_of(process)] = held
    return result


def _stamp(host: Host, process: Process) -> tuple[int, ...]:
    """Return what changes when a process maps, opens or closes something: next to always, and cheap to read.

    A file that is swapped for another of the same length under the same number is seen by the next thorough pass.
    """
    if not host.live:
        return ()
    try:
        stat = parse_stat(host.proc(process.pid, "stat", 4096))
        return (stat.size if stat else 0, count_of(host, process.pid))
    except OSError:
        return ()


def _deserves(process: Process, owners: set[int]) -> bool:
    """Tell whether a process that no signature knows may still serve a model."""
    if process.pid in owners or process.rss >= LARGE_PROCESS:
        return True
    program = (process.exe or process.comm).rpartition("/")[2]
    return program.startswith(_INTERPRETERS)


def _look(run: _Pass, process: Process) -> Held | None:
    """Read maps and descriptors of one process; None when neither could be read."""
    mapped = maps.parse_maps(b"")
    read = False
    try:
        mapped = maps.parse_maps(run.host.data(f"/proc/{process.pid}/maps", maps.LIMIT))
        read = True
        if not mapped.whole:
            _say(run, process, "more mappings than are read of one process", BlindKind.BUDGET)
    except (OSError, ValueError) as error:
        run.blind.append(blind_of(NAME, f"maps of pid {process.pid}", error))
    candidates = dict.fromkeys(path for path in mapped.paths if _consider(run, process, mapped, path))
    opened: tuple[str, ...] = ()
    try:
        held = descriptors_of(run.host, process, run.options.descriptors)
        opened, more = _opened(run, process, held, mapped.paths)
        candidates.update(dict.fromkeys(more))
        read = True
    except BudgetExceeded:
        run.starved += 1
    except (OSError, ValueError) as error:
        if read:  # otherwise the line about its maps says it all
            run.blind.append(blind_of(NAME, f"descriptors of pid {process.pid}", error))
    return Held(mapped=mapped.paths, opened=opened, candidates=tuple(candidates)) if read else None


def _consider(run: _Pass, process: Process, mapped: maps.Maps, path: str) -> bool:
    """Place one mapped file when it may be a model."""
    runs = path in mapped.runs
    if not _worth(path, runs) or path == process.exe:
        return False
    name = path.removesuffix(maps.DELETED).rpartition("/")[2]
    if path.startswith(_MEMORY_FILE):
        if mapped.extent(path)[1] >= _MEMORY_FILE_BIG or named_like_model(name.removeprefix("memfd:")):
            _say(run, process, f"file in memory, without a path: {path}", BlindKind.UNSUPPORTED)
        return False
    gone = path.endswith(maps.DELETED)
    place = _place(run, process, path, quiet=gone)
    if gone:
        inode, reach = mapped.extent(path)
        if place is None or place.stat.st_ino != inode:
            if held_candidate(name, reach, runs=runs):
                gone_path = path.removesuffix(maps.DELETED)
                _say(run, process, f"deleted file still mapped: {gone_path}", BlindKind.UNSUPPORTED)
            return False
    return _keep(run, process, place, name, runs=runs)


def _nowhere(path: str) -> bool:
    """Tell whether a path is the kernel's own: /dev/shm is not, nor what calls itself a model on a /proc of its own."""
    return (
        path.startswith(_NOWHERE)
        and not path.startswith(_SHARED_MEMORY)
        and not named_like_model(path.removesuffix(maps.DELETED).rpartition("/")[2])
    )


@lru_cache(maxsize=20_000)
def _worth(path: str, runs: bool) -> bool:
    """Tell by its path alone whether a mapped file deserves a stat; remembered, for all map the same libraries."""
    if _nowhere(path):
        return False
    name = path.removesuffix(maps.DELETED).rpartition("/")[2]
    if path.startswith(_MEMORY_FILE):
        return not runs
    if path.startswith(_SYSTEM) and is_code_or_data(name):
        return False  # fonts, locales, caches: what every program maps, and what no user put there
    return (not runs or named_like_model(name)) and held_candidate(name, HUGE, runs=runs)


def _opened(
    run: _Pass, process: Process, held: Descriptors, mapped: Iterable[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the regular files held open, and those of them that may be models and are not mapped as well."""
    regular: dict[str, None] = {}
    candidates: dict[str, None] = {}
    known = set(mapped)
    for number, path in held.files:
        if path in regular or _nowhere(path):
            continue
        if len(regular) >= _MAX_STATS:
            _say(run, process, "more open files than are looked at of one process", BlindKind.BUDGET)
            break
        info = _stat_descriptor(run, process, number, path)
        if info is None or not stat.S_ISREG(info.st_mode):
            continue
        regular[path] = None
        name = path.removesuffix(maps.DELETED).rpartition("/")[2]
        if path in known or not held_candidate(name, info.st_size):
            continue
        if path.startswith(_MEMORY_FILE) or (path.endswith(maps.DELETED) and info.st_nlink == 0):
            _say(run, process, f"deleted file still open: {path.removesuffix(maps.DELETED)}", BlindKind.UNSUPPORTED)
        elif _keep(run, process, _place(run, process, path), name):
            candidates[path] = None
    return tuple(regular), tuple(candidates)


def _glance(run: _Pass, process: Process, before: tuple[str, ...]) -> None:
    """Take what somebody else's reading shows, or showed, of a process that nobody asked about."""
    memory, identity = recall(run.host), identity_of(process)
    read = run.host.memory.descriptors.get(identity)
    paths = before if read is None else tuple(path for _number, path in read.files if _named(path))
    for path in paths:
        _keep(run, process, _place(run, process, path, quiet=True), path.rpartition("/")[2])
    if paths:
        memory.glanced[identity] = paths
        memory.dull.pop(process.pid, None)
    else:
        memory.dull[process.pid] = process


@lru_cache(maxsize=20_000)
def _named(path: str) -> bool:
    return named_like_model(path.rpartition("/")[2]) and not path.startswith(_MEMORY_FILE)


def _again(run: _Pass, process: Process, candidates: Iterable[str]) -> None:
    """Look at known candidates again without reading maps and descriptors again."""
    for path in candidates:
        _keep(run, process, _place(run, process, path, quiet=True), path.rpartition("/")[2], runs=False)


def _stat_descriptor(run: _Pass, process: Process, number: int, path: str) -> os.stat_result | None:
    """Stat what a descriptor holds, through the descriptor: its path may be somebody else's by now."""
    if _hangs(run, process, path):
        return None
    try:
        if run.host.live:
            return os.stat(f"/proc/{process.pid}/fd/{number}")  # noqa: PTH116 - one of thousands
        return run.locator.place(process.pid, path).stat
    except (OSError, ValueError):
        return None


def _place(run: _Pass, process: Process, path: str, *, quiet: bool = False) -> Place | None:
    if _hangs(run, process, path):
        _say(run, process, f"waits for a remote file system, not touched: {path}", BlindKind.REMOTE)
        return None
    try:
        return run.locator.place(process.pid, path)
    except (OSError, ValueError) as error:
        if not quiet:
            run.blind.append(blind_of(NAME, f"{path} (held by pid {process.pid})", error))
        return None


def _hangs(run: _Pass, process: Process, path: str) -> bool:
    """Tell whether a file lies where its own process waits without end: then we would, too."""
    if process.state != "D":
        return False
    mount = run.locator.mounts(process.pid).at(path)
    return mount is not None and mount.remote


def _keep(run: _Pass, process: Process, place: Place | None, name: str, *, runs: bool = True) -> bool:
    if place is None or not stat.S_ISREG(place.stat.st_mode):
        return False
    if not held_candidate(name, place.stat.st_size, runs=runs):
        return False
    run.hold(process.pid, place)
    return True


def _say(run: _Pass, process: Process, reason: str, kind: BlindKind) -> None:
    run.blind.append(Blind(collector=NAME, subject=f"pid {process.pid}", reason=reason, kind=kind))


COLLECTOR = Collector(
    name=NAME,
    order=30,
    help="maps and open files of likely processes: model files in use",
    needs=("CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"),
    collect=_collect,
)
