"""What a watcher is: a name, what it needs, and how to open the source of hints that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiguard_agent.core.facts import Blind
from aiguard_agent.core.hint import Hint, HintKind

TEXT_LIMIT = 1 << 20
EARLY = 0.05
"""Seconds by which a source may be read before it is due, if the loop is awake anyway: to wake costs more
than to look."""


class Host(Protocol):
    """What a watcher asks of the host; `agent` hands in the host that the collectors read."""

    live: bool

    def text(self, path: str, limit: int = TEXT_LIMIT) -> str:
        """Return up to `limit` bytes of a small file as text; raises OSError."""

    def names(self, path: str) -> list[str]:
        """Return the entry names of a directory; raises OSError."""


def _any_name(_name: str) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to watch. Everything has a default that suits an ordinary host."""

    wanted: Mapping[str, bool] = field(default_factory=dict)
    """Watchers switched on or off by name; who is not named follows its own default."""
    kinds: frozenset[HintKind] = frozenset({HintKind.PROCESS, HintKind.LISTENER, HintKind.FILE})
    """What a source is asked to tell; `choose` narrows it, so that two sources do not tell the same."""
    stores: tuple[str, ...] = ()
    """Model folders: any file below them earns a hint."""
    may_be_model: Callable[[str], bool] = _any_name
    """Says of a file name (no folder) whether it earns a hint outside the stores; made by `agent`."""
    scratch: str = ""
    """A folder of the agent's own for canary files; "" = one is made under the system's temporary folder."""
    interval: float = 0.25
    """Seconds between two looks at the listening sockets."""
    quiet: float = 1.0
    """The same for a namespace in which no program was started for a while; longer saves most on many namespaces."""
    sweep: float = 5.0
    """Seconds between two searches for processes in network namespaces that nobody announced."""
    buffer: int = 8 << 20
    """Bytes of kernel buffer asked for; what is granted is in the source's words."""
    directories: int = 20_000
    """Directories that the inotify fallback may watch."""
    hold: float = 0.03
    """Seconds that a hint waits before it is handed on: a process has settled by then, and repetitions fall away."""
    queue: int = 4096
    """Hints that may wait for their taker."""
    canary_seconds: float = 2.0
    """How long a canary may stay unseen."""
    canary_every: float = 300.0
    """Seconds between two canaries of one source; 0 = only at start and when asked."""
    tracefs: tuple[str, ...] = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
    """Where tracefs may be mounted."""


@dataclass(slots=True)
class Counters:
    """What a source has counted since it was opened; only ever grows."""

    events: int = 0
    """Events read, those without interest included."""
    lost: int = 0
    """Times that the kernel said that events were lost; not how many."""


class Deed:
    """Something harmless that was just done, which a source that works must tell within seconds."""

    def __init__(self, expected: Sequence[Callable[[Hint], bool]], done: Callable[[], None], at: float) -> None:
        self.expected = tuple(expected)
        """One question for each thing that must be told: is this hint about it, its end included?"""
        self.at = at
        """CLOCK_MONOTONIC seconds of the deed."""
        self._waiting = self.expected
        self._done = done

    def is_about(self, hint: Hint) -> bool:
        """Tell whether a hint is about this deed or its clearing up, and thus nobody else's concern."""
        return any(asked(hint) for asked in self.expected)

    def tell(self, hint: Hint) -> None:
        """Remember that the source told this."""
        if not hint.gone:
            self._waiting = tuple(asked for asked in self._waiting if not asked(hint))

    @property
    def seen(self) -> bool:
        """True when all of it was told."""
        return not self._waiting

    def undo(self) -> None:
        """Clear up after it; safe to call again."""
        done, self._done = self._done, _nothing
        done()


def _nothing() -> None:
    pass


class Source(Protocol):
    """One open source of hints. Used by one thread only; `read` and `hear` return at once."""

    counters: Counters

    @property
    def words(self) -> str:
        """Return what was granted and how it looks, for people: `receive buffer 8192 KiB of 8192 KiB asked`."""

    def fileno(self) -> int:
        """Return a descriptor that polls readable when there is something to read, or -1."""

    def due(self) -> float | None:
        """Return the monotonic time at which `read` wants to be called anyway, or None."""

    def read(self) -> Sequence[Hint]:
        """Return what is there, a bounded amount, without waiting; raises OSError when the source is dead."""

    def hear(self, hints: Sequence[Hint]) -> None:
        """Take note of what other sources told."""

    def blinds(self) -> tuple[Blind, ...]:
        """Return what this source cannot see although it is open."""

    def canary(self) -> Deed:
        """Do something harmless that this source must tell; raises OSError when it cannot be done."""

    def close(self) -> None:
        """Give everything back; safe to call again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """One watcher. Which of several that tell the same is used, `choose` decides."""

    name: str
    help: str
    """One line for `doctor` and the docs."""
    default: bool = True
    """False = only when switched on by name."""
    ranks: Mapping[HintKind, int]
    """What it can tell, and how well: of those that can be opened, the highest rank of a kind is used."""
    needs: tuple[str, ...] = ()
    """Capabilities without which it cannot be opened: `CAP_SYS_ADMIN`, …"""
    better_with: tuple[str, ...] = ()
    """Capabilities without which it sees less."""
    kernel: tuple[int, int] = (0, 0)
    """The oldest kernel that has what it needs."""
    init_namespaces: bool = False
    """True when it works in the initial pid and user namespace only."""
    place: str = ""
    """What must be there, in one word known to `choose`: `tracefs`; "" = nothing."""
    loses: str
    """When it loses events, and how it says so; for the docs."""
    parse: Callable[[bytes, float], tuple[Hint, ...]]
    """(what one read returned, now) -> hints; pure, takes any bytes."""
    open: Callable[[Host, Settings], Source]
    """May raise OSError, which becomes a Blind; opening is tried again later."""
