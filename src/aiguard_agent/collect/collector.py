"""What a collector is: a name, what it needs, and one function from a host to facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiguard_agent.core.facts import (
    Blind,
    Container,
    Environment,
    FileSeen,
    Gpu,
    Listener,
    Namespace,
    Process,
)

if TYPE_CHECKING:
    from aiguard_agent.collect.host import Host


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the caller wants looked at, and how much it may cost."""

    interesting: Callable[[Process], bool] = field(default=lambda _process: False)
    """Says which processes deserve a deep look (maps, descriptors, packages); made by `agent` from the signatures."""
    paths: tuple[str, ...] = ()
    """Extra model folders or files, host paths."""
    stores: bool = True
    """Walk the usual model stores."""
    remote: bool = False
    """Walk remote file systems too."""
    walk_entries: int = 2_000_000
    """Directory entries the store walk may look at."""
    walk_seconds: float = 60.0
    descriptors: int = 200_000
    """Descriptor links that one pass may read."""
    progress: Callable[[str], None] = field(default=lambda _words: None)
    """Told what is being looked at, for people; must return at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one collector adds. A later collector sees what the earlier ones added (`Seen`)."""

    processes: tuple[Process, ...] | None = None
    """Replaces the processes known so far (enriched copies); None = left alone."""
    listeners: tuple[Listener, ...] = ()
    namespaces: tuple[Namespace, ...] = ()
    files: tuple[FileSeen, ...] = ()
    containers: tuple[Container, ...] = ()
    environments: tuple[Environment, ...] = ()
    gpus: tuple[Gpu, ...] = ()
    blind: tuple[Blind, ...] = ()
    stores: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """One collector. `order` decides who runs first; equal orders run by name."""

    name: str
    order: int
    """10 processes, 20 sockets, 30 descriptors (maps, held files), 40 containers, 50 packages, 60 gpu, 70 stores."""
    help: str
    """One line for `doctor` and the docs."""
    needs: tuple[str, ...] = ()
    """Capabilities without which it sees less: `CAP_SYS_PTRACE`, …"""
    collect: Callable[[Host, Options, Sight], Sight]
    """(host, options, all that was seen so far) -> what this one adds; may raise, which becomes a Blind."""
