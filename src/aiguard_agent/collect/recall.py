"""What the collectors of files and packages remember of one host between passes; never a fact to report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple
from weakref import WeakKeyDictionary

from aiguard_agent.collect.collector import Sight
from aiguard_agent.collect.host import Host
from aiguard_agent.collect.memory import Identity
from aiguard_agent.core.facts import Blind, Environment, FileSeen, Process


class Enriched(NamedTuple):
    """A process as it came, and as it was handed on: while the first stays the same value, so does the second."""

    source: Process
    result: Process


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What one process mapped and held open when it was last looked at."""

    mapped: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    """Paths, as the process sees them, of files that may be models."""
    blind: tuple[Blind, ...] = ()
    """What could not be looked at of it: said again for as long as it is not looked at again."""
    stamp: tuple[int, ...] = ()
    """What changes when it maps, opens or closes something; () = not known."""
    made: Enriched | None = None
    """The process as it was handed on."""


@dataclass(slots=True, kw_only=True)
class Unfinished:
    """Where a walk stopped, so that the next one goes on from there."""

    left: list[str] = field(default_factory=list)
    """Folders not yet read."""
    files: tuple[FileSeen, ...] = ()
    """What the part that was read holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The last finished look at the model stores."""

    asked: tuple[object, ...]
    """The options it was made with: other options, another survey."""
    sight: Sight
    named: frozenset[Identity] = frozenset()
    """Processes whose own folders are in it."""


@dataclass(slots=True, kw_only=True)
class Recall:
    """Held for one `Host`."""

    held: dict[Identity, Held] = field(default_factory=dict)
    environments: dict[str, tuple[int, Environment]] = field(default_factory=dict)
    """By key: (mtime_ns of the folder, what it held)."""
    dull: dict[int, Process] = field(default_factory=dict)
    """By pid: those of whom nothing is to be looked at while they stay the same value."""
    glanced: dict[Identity, tuple[str, ...]] = field(default_factory=dict)
    """Files named like models that uninteresting processes were seen to hold, when somebody read what they hold."""
    nodes: dict[Identity, frozenset[str]] = field(default_factory=dict)
    """Accelerator nodes that processes held when that was last read."""
    packages: dict[Identity, Enriched] = field(default_factory=dict)
    """Each process that was looked into, before and after its environments were known."""
    walks: dict[str, Unfinished] = field(default_factory=dict)
    """By top folder of a walk."""
    survey: Survey | None = None


_RECALLS: WeakKeyDictionary[Host, Recall] = WeakKeyDictionary()


def recall(host: Host) -> Recall:
    """Return what is remembered of this host; empty before the first pass, gone with the host."""
    found = _RECALLS.get(host)
    if found is None:
        found = _RECALLS[host] = Recall()
    return found
