"""What was seen on the host: values only, no judgement.

Every text in here was written by somebody we do not trust; nothing is escaped yet (renderers do that).
Undecodable bytes are kept as surrogate escapes, so a text can always be mapped back to its bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

REDACTED = "***"
"""Stands where a secret stood in argv or in an environment value; the secret itself never leaves `collect`."""


class Scope(StrEnum):
    """How far a listening socket can be reached from, judged by its bind address and its namespace alone."""

    UNIX = "unix"
    LOOPBACK = "loopback"
    PRIVATE = "private"
    """Private, link-local, carrier-grade NAT or unique-local address."""
    PUBLIC = "public"
    ANY = "any"
    """Bound to the wildcard address: every interface of its namespace."""


class BlindKind(StrEnum):
    """Why we could not look."""

    DENIED = "denied"
    VANISHED = "vanished"
    BUDGET = "budget"
    TIMEOUT = "timeout"
    REMOTE = "remote"
    """Remote file system, skipped unless asked for."""
    UNSUPPORTED = "unsupported"
    """Kernel, library or format that we cannot read."""
    DISAGREEMENT = "disagreement"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blind:
    """Something that we could not look at; never to be mistaken for "nothing there"."""

    collector: str
    """Which collector (or `probe`, `identify`) could not look."""
    subject: str
    """What it could not look at, in an operator's words: `pid 4121`, `namespace 4026532611`, a path."""
    reason: str
    kind: BlindKind = BlindKind.ERROR
    count: int = 1
    """How many subjects of this sort one line stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process. Its identity is (pid, start_ticks): pids are reused."""

    pid: int
    start_ticks: int
    """Field 22 of /proc/PID/stat, in clock ticks since boot."""
    started: float
    """Seconds since the epoch, from the host's boot time; drifts with clock steps, so never an identity."""
    ppid: int = 0
    comm: str = ""
    """Kernel's name of the process, cut at 15 characters; kernel threads have no argv and no exe."""
    state: str = "S"
    argv: tuple[str, ...] = ()
    """As the process shows it now (setproctitle overwrites it), secrets replaced by REDACTED."""
    exe: str | None = None
    """Path inside the process's own root; None = could not be read, "" = kernel thread. The base interpreter
    for a Python virtual environment. Ends in " (deleted)" when the file is gone, as the kernel says it."""
    cwd: str | None = None
    uid: int = 0
    user: str = ""
    cgroup: str = ""
    unit: str = ""
    """systemd unit read from the cgroup path (`ollama.service`), "" when there is none."""
    container: str = ""
    """Full container id read from the cgroup path, "" on the host itself."""
    netns: int | None = None
    """Inode of the network namespace; None = could not be read."""
    rss: int = 0
    """Resident bytes."""
    threads: int = 1
    env: tuple[tuple[str, str], ...] = ()
    """Allow-listed names only; values of names that may hold a secret are REDACTED."""
    inspected: bool = False
    """True when the fields below were read (candidates only), False = they say nothing."""
    mapped: tuple[str, ...] = ()
    """Distinct paths of mapped files, inside the process's own root."""
    opened: tuple[str, ...] = ()
    """Distinct paths of regular files held open, inside the process's own root."""
    environments: tuple[str, ...] = ()
    """Keys into HostFacts.environments: the process's own Python or Node package folders, nearest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One listening socket."""

    family: str
    """`tcp4`, `tcp6` or `unix`."""
    address: str
    """Text form of the address, or the path (`@name` when abstract) of a unix socket."""
    port: int = 0
    """0 for a unix socket."""
    scope: Scope = Scope.LOOPBACK
    netns: int | None = None
    inode: int = 0
    uid: int = 0
    pid: int | None = None
    """The owner that started first; None = hidden from us."""
    pids: tuple[int, ...] = ()
    """All processes that hold this socket (pre-fork servers share one)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """One network namespace."""

    inode: int
    pids: int = 0
    """How many processes live in it."""
    member: int | None = None
    """A process of it, to enter through; None = none left."""
    own: bool = False
    """True for the agent's own namespace."""
    interfaces: tuple[str, ...] = ()
    """Interface names; only `lo` = nobody outside can reach it, whatever a socket binds to."""
    addresses: tuple[str, ...] = ()

    @property
    def isolated(self) -> bool:
        """True when it is known to have no interface but loopback."""
        return bool(self.interfaces) and set(self.interfaces) == {"lo"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSeen:
    """One regular file that may be a model, or speaks about one."""

    path: str
    """Host path, links resolved (a container's file is given where the host keeps it)."""
    size: int
    dev: int = 0
    inode: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0
    mode: int = 0o100644
    uid: int = 0
    user: str = ""
    directory_mode: int = 0o040755
    """Mode of the directory it lies in: who may swap the file."""
    held_by: tuple[int, ...] = ()
    """Pids that map it or hold it open."""
    aliases: tuple[str, ...] = ()
    """Other names of the same inode that were met: links of a hub cache, bind mounts, container paths."""
    store: str = ""
    """Which place led to it: `huggingface`, `ollama`, `held`, `path`, … (see docs/coverage.md)."""
    reach: str = ""
    """Path to open it by when `path` cannot be opened directly (/proc/PID/root/…); "" = use `path`."""
    sha256: str | None = None
    computed: bool = False
    """True when `sha256` was computed from the bytes; else it is what the file's name claims, and proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container, as its runtime recorded it."""

    id: str
    runtime: str = ""
    """`docker`, `containerd`, `cri-o`, `podman`, `kubernetes` or "" when only the cgroup path speaks."""
    name: str = ""
    image: str = ""
    image_id: str = ""
    pod_uid: str = ""
    pod_name: str = ""
    namespace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One installed package, named as its registry names it."""

    ecosystem: str
    """PURL type: `pypi`, `npm`, `deb`."""
    name: str
    version: str
    location: str = ""
    """Host path of the metadata that says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One package folder (site-packages, node_modules) that processes run from."""

    key: str
    """Path as the process sees it, prefixed by `container-id:` inside a container."""
    kind: str
    """`venv`, `conda`, `system`, `user`, `node`."""
    packages: tuple[Package, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuUse:
    """One process that holds a GPU."""

    pid: int
    memory: int = 0
    """Bytes; 0 = not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One accelerator."""

    index: int
    vendor: str
    name: str = ""
    uuid: str = ""
    memory: int = 0
    """Total bytes."""
    used_by: tuple[GpuUse, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorRun:
    """How one collector fared."""

    name: str
    seconds: float
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """One look at one host. Dump it and it is a test case."""

    taken_at: float
    """Seconds since the epoch."""
    hostname: str
    kernel: str = ""
    boot_id: str = ""
    rootless: bool = False
    """True when we ran without the rights to see other users' processes."""
    processes: tuple[Process, ...] = ()
    listeners: tuple[Listener, ...] = ()
    namespaces: tuple[Namespace, ...] = ()
    files: tuple[FileSeen, ...] = ()
    containers: tuple[Container, ...] = ()
    environments: tuple[Environment, ...] = ()
    gpus: tuple[Gpu, ...] = ()
    blind: tuple[Blind, ...] = ()
    stores: tuple[str, ...] = ()
    """Model stores that were walked."""
    runs: tuple[CollectorRun, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)
    """Coverage remarks for people, by topic."""
