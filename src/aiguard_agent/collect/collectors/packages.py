"""Which Python and Node packages each likely process runs from: its own environment, container or not."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import msgspec

from aiguard_agent.collect.collector import Collector, Options, Sight
from aiguard_agent.collect.distinfo import installed, node_packages, normal, unversioned, version_in
from aiguard_agent.collect.foreign import refusal, resolve_at, stat_at
from aiguard_agent.collect.host import Host, blind_of
from aiguard_agent.collect.locate import Locator
from aiguard_agent.collect.memory import Identity, identity_of
from aiguard_agent.collect.pythons import View, absolute, is_python, sites_of
from aiguard_agent.collect.recall import Enriched, recall
from aiguard_agent.core.facts import Blind, Environment, Package, Process

NAME = "packages"
_MAX_PACKAGES = 5000
_MAX_READS = 100
"""Metadata files read of one folder: those of packages whose folder names no version."""
_SMALL = 64 << 10
_CLIMB = 4
_NODES = ("node", "bun", "deno", "nodejs", "npm", "npx")


class _PackageJson(msgspec.Struct):
    name: str = ""
    version: str = ""


@dataclass(slots=True)
class _Pass:
    """One pass; every folder is read once."""

    host: Host
    locator: Locator
    environments: dict[str, Environment | None] = field(default_factory=dict)
    blind: list[Blind] = field(default_factory=list)
    listed: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    refused: dict[str, bool] = field(default_factory=dict)
    """By foreign root: whether nothing in it can be opened."""

    def shut(self, process: Process) -> bool:
        """Tell whether a process lives in a root that cannot be looked into; a root that is shut is told once."""
        inside = self.locator.inside(process.pid)
        if inside and inside not in self.refused:
            blind = refusal(self.host, inside)
            self.refused[inside] = blind is not None
            if blind is not None:
                subject = f"packages of pid {process.pid} ({process.comm})"
                self.blind.append(replace(blind, collector=NAME, subject=subject))
        return bool(inside) and self.refused[inside]

    def names(self, inside: str, path: str) -> list[str]:
        """Return the names in a folder, none when it cannot be read; asked once, for many run the same Python."""
        key = (inside, path)
        if key not in self.listed:
            self.listed[key] = self._names(inside, path)
        return self.listed[key]

    def text(self, inside: str, path: str) -> str:
        """Return a small text file, "" when it cannot be read; read once."""
        key = (inside, path)
        if key not in self.texts:
            self.texts[key] = self._text(inside, path)
        return self.texts[key]

    def _names(self, inside: str, path: str) -> list[str]:
        try:
            closed = inside or not self.host.live  # links of a recorded host stay in it, as those of a container do
            return self.host.names_in(inside or "/", path) if closed else self.host.names(path)
        except (OSError, ValueError):
            return []

    def _text(self, inside: str, path: str) -> str:
        try:
            return self.host.data(path, _SMALL, inside=inside).decode("utf-8", "replace")
        except (OSError, ValueError):
            return ""


def _collect(host: Host, options: Options, seen: Sight) -> Sight:
    run = _Pass(host, Locator(host))
    fresh: dict[Identity, Enriched] = {}
    processes = list(seen.processes or ())
    interesting = {process.pid for process in host.memory.caring(options.interesting, processes)}
    for index, process in enumerate(processes):
        if not (process.inspected or process.pid in interesting) or process.exe == "":
            continue
        told = len(run.blind)
        result = _remembered(run, process)
        if result is None:
            if run.shut(process):
                continue
            keys = tuple(dict.fromkeys([*_pythons(run, process), *_nodes(run, process)]))
            result = replace(process, environments=keys) if keys else process
        if len(run.blind) == told:  # what could not be read is tried, and told, again
            fresh[identity_of(process)] = Enriched(process, result)
        processes[index] = result
    found = {key: entry for key, entry in run.environments.items() if entry is not None}
    recall(host).packages = fresh
    kept = recall(host).environments
    for key in kept.keys() - run.environments.keys():
        del kept[key]
    return Sight(processes=tuple(processes), environments=tuple(found.values()), blind=tuple(run.blind))


def _remembered(run: _Pass, process: Process) -> Process | None:
    """Return a process with the environments that it had last time; None when it is to be looked into now."""
    memory = recall(run.host)
    source, result = memory.packages.get(identity_of(process), (None, process))
    if source is None or source.mapped != process.mapped or run.host.memory.thorough:
        return None
    keys = result.environments
    if not memory.environments.keys() >= set(keys):
        return None
    for key in keys:
        run.environments.setdefault(key, memory.environments[key][1])
    return result if source is process else replace(process, environments=keys)


def _pythons(run: _Pass, process: Process) -> Iterator[str]:
    if not is_python(process):
        return
    inside = run.locator.inside(process.pid)
    view = View(names=lambda path: run.names(inside, path), text=lambda path: run.text(inside, path))
    for site, kind in sites_of(process, view):
        real = resolve_at(run.host, site, inside=inside)
        if real is None:
            continue
        key = _key(run, process, real)
        if key not in run.environments:
            run.environments[key] = _environment(run, process, real, key, kind)
        if run.environments[key] is not None:
            yield key


def _environment(run: _Pass, process: Process, site: str, key: str, kind: str) -> Environment | None:
    """Read one package folder; from memory when it did not change since. None when it holds no packages."""
    inside = run.locator.inside(process.pid)
    kept = recall(run.host).environments
    try:
        info = stat_at(run.host, site, inside=inside)
        known = kept.get(key)
        if known is not None and known[0] == info.st_mtime_ns:
            return known[1]
        entries = sorted(run.host.names_in(inside, site) if inside else run.host.names(site))
    except (OSError, ValueError) as error:
        run.blind.append(blind_of(NAME, key, error))
        return None
    where = site
    if inside:
        placed = run.locator.on_host(process.pid, site, info)
        where = placed[0] if placed is not None else key
    packages = tuple(_packages(run, inside, site, where, entries))
    if not packages:
        return None
    environment = Environment(key=key, kind=kind, packages=packages[:_MAX_PACKAGES])
    kept[key] = (info.st_mtime_ns, environment)
    return environment


def _packages(run: _Pass, inside: str, site: str, where: str, entries: list[str]) -> Iterator[Package]:
    reads = 0
    for entry in entries:
        found = installed(entry)
        if found is None and reads < _MAX_READS and entry.endswith((".egg-info", ".dist-info", ".egg-link")):
            reads += 1
            found = _by_metadata(run, inside, site, entry)
        if found is not None:
            yield Package(ecosystem="pypi", name=found[0], version=found[1], location=f"{where}/{entry}")


def _by_metadata(run: _Pass, inside: str, site: str, entry: str) -> tuple[str, str] | None:
    """Return what a package says of itself when its folder's name does not: older ways, editable installs."""
    if entry.endswith(".egg-link"):
        name = entry.removesuffix(".egg-link")
        folder = run.text(inside, f"{site}/{entry}").partition("\n")[0].strip()
        if not folder.startswith("/"):
            return None
        metadata = f"{folder}/{name.replace('-', '_')}.egg-info/PKG-INFO"
        return normal(name), version_in(run.text(inside, metadata))
    name = unversioned(entry)
    text = run.text(inside, f"{site}/{entry}/PKG-INFO") or run.text(inside, f"{site}/{entry}/METADATA")
    return (name, version_in(text)) if name and text else None


def _nodes(run: _Pass, process: Process) -> Iterator[str]:
    inside = run.locator.inside(process.pid)
    for folder in dict.fromkeys(_node_folders(run, process, inside)):
        key = _key(run, process, folder)
        if key not in run.environments:
            run.environments[key] = _node_environment(run, inside, folder, key)
        if run.environments[key] is not None:
            yield key


def _node_folders(run: _Pass, process: Process, inside: str) -> Iterator[str]:
    """Yield folders that hold the package.json of what the process runs, the script's own first."""
    program = (process.exe or "").removesuffix(" (deleted)")
    node = program.rpartition("/")[2] in _NODES or process.comm in _NODES
    if node and (script := next((word for word in process.argv[1:8] if word and not word.startswith("-")), "")):
        path = absolute(process, script if "/" in script else f"./{script}")
        real = resolve_at(run.host, path, inside=inside) if path else None
        if real is not None:
            yield from reversed(list(node_packages(posixpath.dirname(real))))
            yield from _climb(run, inside, posixpath.dirname(real))
    yield from node_packages(posixpath.dirname(program))
    if not node and program and process.argv and "/node_modules/" not in program:
        yield from _beside(run, inside, program)
    for path in (*process.mapped, *process.opened):
        if "/node_modules/" in path:
            yield from list(node_packages(path))[:1]


def _climb(run: _Pass, inside: str, folder: str) -> Iterator[str]:
    """Yield the nearest folder upwards with a package.json, for a script that lies in no node_modules."""
    if "/node_modules/" in f"{folder}/":
        return
    for _step in range(_CLIMB):
        if run.text(inside, f"{folder}/package.json"):
            yield folder
            return
        folder = posixpath.dirname(folder)


def _beside(run: _Pass, inside: str, program: str) -> Iterator[str]:
    """Yield the folder of a bundled program when a package.json lies in it or above its bin/."""
    folder = posixpath.dirname(program)
    for place in (folder, posixpath.dirname(folder)):
        if place.count("/") >= 2 and run.text(inside, f"{place}/package.json"):
            yield place
            return


def _node_environment(run: _Pass, inside: str, folder: str, key: str) -> Environment | None:
    try:
        told = msgspec.json.decode(run.text(inside, f"{folder}/package.json"), type=_PackageJson)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None
    if not told.name or not told.version:
        return None
    location = f"{key}/package.json"
    package = Package(ecosystem="npm", name=told.name, version=told.version, location=location)
    environment = Environment(key=key, kind="node", packages=(package,))
    recall(run.host).environments[key] = (0, environment)
    return environment


def _key(run: _Pass, process: Process, path: str) -> str:
    """Return the key of a folder: its path, and whose path it is when not the host's."""
    if not run.locator.inside(process.pid):
        return path
    return f"{process.container or run.locator.view_name(process.pid)}:{path}"


COLLECTOR = Collector(
    name=NAME,
    order=50,
    help="Python and Node packages of likely processes, from their own environments",
    needs=("CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"),
    collect=_collect,
)
