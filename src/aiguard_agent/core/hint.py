"""A hint: look here soon. Never a fact: throw every hint away, and the next timed reconcile finds the same, later."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class HintKind(StrEnum):
    """What a hint is about."""

    PROCESS = "process"
    LISTENER = "listener"
    FILE = "file"
    LOST = "lost"
    """Events were lost, nobody knows which: the next reconcile is full and immediate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """One thing that may have changed. Everything in it is hearsay; who forges one earns an early look at himself."""

    source: str
    """Name of the watcher, or `watch` for the room itself."""
    kind: HintKind
    subject: str
    """What it is about, in an operator's words; hints of one kind and subject are one hint."""
    at: float
    """CLOCK_MONOTONIC seconds: when it happened where the kernel says so, else when it was read."""
    gone: bool = False
    """True when a process ended, a socket stopped listening, a file was deleted or moved away."""
    pid: int = 0
    """0 = not told. May be used again by the time it is looked at."""
    port: int = 0
    netns: int | None = None
    """Inode of the network namespace; None = not told."""
    path: str = ""
    """Host path of a file."""
