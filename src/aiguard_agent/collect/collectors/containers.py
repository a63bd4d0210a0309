"""Name the containers that processes live in, from the state files of their runtimes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from aiguard_agent.collect import runtimes
from aiguard_agent.collect.collector import Collector, Options, Sight
from aiguard_agent.collect.host import Host, blind_of
from aiguard_agent.collect.locate import homes
from aiguard_agent.collect.procfs import container_of, owner_of
from aiguard_agent.core.facts import Blind, BlindKind, Container, Process

NAME = "containers"
_CONFIG_LIMIT = 4 << 20
_LIST_LIMIT = 16 << 20
_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,127}")
_DOCKER_ROOTS = ("/var/lib/docker", "/var/snap/docker/common/var-lib-docker")
_TASKS = tuple(
    f"{run}/io.containerd.runtime.v2.task"
    for run in (
        "/run/containerd",
        "/run/k3s/containerd",
        "/run/docker/containerd",
        "/var/snap/microk8s/common/run/containerd",
    )
)
_RUN_ROOTS = ("/run/containers/storage", "/var/lib/containers/storage")
_GRAPHS = ("overlay", "vfs", "btrfs", "zfs")


@dataclass(slots=True)
class _Search:
    """The state files of one host; those that list all containers are read once."""

    host: Host
    homes: tuple[tuple[str, str], ...] = ()
    docker_roots: tuple[str, ...] = ()
    blind: list[Blind] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    stored: dict[str, Container] = field(default_factory=dict)
    """What the system's own lists say."""
    lists: dict[str, dict[str, Container]] = field(default_factory=dict)
    pods: dict[str, tuple[str, str]] = field(default_factory=dict)

    def find(self, identity: str, owner: int | None) -> Container | None:
        """Return what the runtimes know of a container, None when none of them knows it.

        A container of the system is named by the system's files alone, one below a user's slice by that user's: anybody
        can write into his home that the container of somebody else is called `approved`.
        """
        if owner is not None:
            return self._rootless(identity, owner)
        found = self._docker(identity, self.docker_roots)
        for path, runtime in self._oci(identity):
            data = self.read(path)
            if data is not None and (entry := runtimes.oci(identity, data, runtime)) is not None:
                found = runtimes.unite(found, entry)
        if identity in self.stored:
            found = runtimes.unite(found, self.stored[identity])
        return found

    def _rootless(self, identity: str, owner: int) -> Container | None:
        mine = [home for _user, home in self.homes if self._owns(owner, home)]
        found = self._docker(identity, [f"{home}/.local/share/docker" for home in mine])
        for home in mine:
            listed = self.listed(f"{home}/.local/share/containers/storage")
            if identity in listed:
                found = runtimes.unite(found, listed[identity])
        return found

    def _owns(self, owner: int, home: str) -> bool:
        try:
            return not self.host.live or self.host.lstat(home).st_uid == owner
        except (OSError, ValueError):
            return False

    def _docker(self, identity: str, roots: Iterable[str]) -> Container | None:
        found: Container | None = None
        for root in roots:
            data = self.read(f"{root}/containers/{identity}/config.v2.json")
            if data is not None and (entry := runtimes.docker(identity, data)) is not None:
                found = runtimes.unite(found, entry)
        return found

    def _oci(self, identity: str) -> Iterator[tuple[str, str]]:
        for tasks in _TASKS:
            for space in self.names(tasks):
                yield f"{tasks}/{space}/{identity}/config.json", "docker" if space == "moby" else "containerd"
        for root in _RUN_ROOTS:
            for graph in _GRAPHS:
                yield f"{root}/{graph}-containers/{identity}/userdata/config.json", "podman"

    def listed(self, storage: str) -> dict[str, Container]:
        """Return what the lists of one container storage name, by id."""
        if storage not in self.lists:
            found = self.lists[storage] = {}
            for graph in _GRAPHS:
                data = self.read(f"{storage}/{graph}-containers/containers.json", _LIST_LIMIT)
                found |= runtimes.stored(data) if data else {}
        return self.lists[storage]

    def read_lists(self) -> None:
        """Read what lists all containers of the system, and its pods."""
        self.stored = self.listed("/var/lib/containers/storage")
        for name in self.names("/var/log/pods"):
            space, _, rest = name.partition("_")
            pod, _, uid = rest.rpartition("_")
            if pod:
                self.pods[uid] = (space, pod)

    def read(self, path: str, limit: int = _CONFIG_LIMIT) -> bytes | None:
        """Return a small file, None when it is absent; anything but absence is told."""
        try:
            return self.host.data(path, limit)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            if path not in self.denied:
                self.denied.add(path)
                self.blind.append(blind_of(NAME, path, error))
            return None

    def names(self, path: str) -> list[str]:
        """Return the names in a folder, none when it is absent; anything but absence is told."""
        try:
            return sorted(self.host.names(path))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except (OSError, ValueError) as error:
            if path not in self.denied:
                self.denied.add(path)
                self.blind.append(blind_of(NAME, path, error))
            return []


def _collect(host: Host, _options: Options, seen: Sight) -> Sight:
    members: dict[str, Process] = {}
    for process in seen.processes or ():
        if process.container:
            known = members.setdefault(process.container, process)
            if owner_of(known.cgroup) is not None and owner_of(process.cgroup) is None:
                members[process.container] = process
    if not members:
        return Sight()
    search = _Search(host, homes=homes(host))
    search.docker_roots = _docker_roots(search, seen.processes or ())
    search.read_lists()
    containers = []
    for identity, process in members.items():
        found = search.find(identity, owner_of(process.cgroup)) if _ID.fullmatch(identity) else None
        if found is None or not (found.name or found.image):
            reason = "no runtime's state file names it"
            search.blind.append(
                Blind(collector=NAME, subject=f"container {identity}", reason=reason, kind=BlindKind.UNSUPPORTED)
            )
        containers.append(_with_pod(search, found or Container(id=identity), process))
    processes, false = _honest(seen.processes or (), members)
    return Sight(processes=processes, containers=tuple(containers), blind=(*search.blind, *false))


def _honest(
    processes: Iterable[Process], members: Mapping[str, Process]
) -> tuple[tuple[Process, ...], tuple[Blind, ...]]:
    """Take processes of a user's slice out of the containers of the system: he gave his control group that name."""
    told: list[Process] = []
    false: list[Blind] = []
    for process in processes:
        owner = owner_of(process.cgroup) if process.container else None
        if owner is not None and owner_of(members[process.container].cgroup) != owner:
            subject, reason = f"pid {process.pid}", f"claims to be in container {process.container[:12]}, and is not"
            false.append(Blind(collector=NAME, subject=subject, reason=reason))
            process = replace(process, container="")
        told.append(process)
    return tuple(told), tuple(false)


def _with_pod(search: _Search, container: Container, process: Process) -> Container:
    """Add what the cgroup path says, and the names of its pod."""
    told = container_of(process.cgroup)
    whole = runtimes.unite(container, told) if told is not None else container
    space, pod = search.pods.get(whole.pod_uid, ("", ""))
    return replace(whole, pod_name=whole.pod_name or pod, namespace=whole.namespace or space)


def _docker_roots(search: _Search, processes: tuple[Process, ...]) -> tuple[str, ...]:
    """Return every folder that some Docker daemon may keep its data in."""
    roots: dict[str, None] = {}
    configs = ["/etc/docker/daemon.json"]
    for process in processes:
        if process.uid or process.container:
            continue  # who is not root of this host does not say where its containers are written down
        if process.comm != "dockerd" and (process.exe or "").rpartition("/")[2] != "dockerd":
            continue
        roots.update(dict.fromkeys(_option(process.argv, ("--data-root", "--graph", "-g"))))
        configs += _option(process.argv, ("--config-file",))
    for path in configs:
        if path.startswith("/") and (data := search.read(path)) is not None and (root := runtimes.data_root(data)):
            roots[root] = None
    roots.update(dict.fromkeys(_DOCKER_ROOTS))
    return tuple(root.rstrip("/") for root in roots if root.startswith("/"))


def _option(argv: tuple[str, ...], names: tuple[str, ...]) -> list[str]:
    found = []
    for index, argument in enumerate(argv):
        name, equals, value = argument.partition("=")
        if name in names:
            found += [value] if equals else list(argv[index + 1 : index + 2])
    return found


COLLECTOR = Collector(
    name=NAME,
    order=40,
    help="names, images and pods of containers, from the state files of their runtimes",
    needs=("CAP_DAC_READ_SEARCH",),
    collect=_collect,
)
