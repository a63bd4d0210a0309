"""The life of one source: opened, proved by a canary, read, and when it dies opened again, later each time."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from aiguard_agent.core.facts import Blind, BlindKind
from aiguard_agent.core.hint import Hint
from aiguard_agent.watch.merge import lost
from aiguard_agent.watch.watcher import Counters, Deed, Host, Settings, Source, Watcher

FIRST_BACKOFF, LAST_BACKOFF = 0.5, 60.0
MUTE_READS = 200
"""Reads without anything, though the source says that there is something, until it is taken for dead."""
_LATE_SECONDS = 5.0
"""How long the clearing up of a canary may still be told."""


class Proof(StrEnum):
    """How the last canary of a source fared."""

    PENDING = "pending"
    OK = "ok"
    LOST = "lost"
    """It was not told in time: the source is deaf, whatever it says of itself."""
    UNTRIED = "untried"
    """It could not be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """How one source is, for `status`, `doctor` and metrics."""

    name: str
    up: bool
    """Open, and not proved deaf."""
    since: float
    """CLOCK_MONOTONIC seconds of the last change of `up`."""
    words: str
    """What it has, or why it is not open."""
    proof: Proof
    latency: float
    """Seconds between the last canary's deed and its hint; 0.0 before there was one."""
    opened: int
    """How often it was opened."""
    events: int
    lost: int


class Life:
    """One watcher under way. All times are handed in."""

    def __init__(self, watcher: Watcher, host: Host, settings: Settings) -> None:
        self.watcher = watcher
        self.source: Source | None = None
        self.again = 0.0
        """When to try to open it, while it is not open."""
        self._host, self._settings = host, settings
        self._proof, self._latency = Proof.PENDING, 0.0
        self._deed: Deed | None = None
        self._past: list[Deed] = []
        self._next_canary = 0.0
        self._backoff = FIRST_BACKOFF
        self._opened = 0
        self._mute = 0
        self._up, self._since = False, 0.0
        self._reason, self._blind_kind = "not opened yet", BlindKind.ERROR
        self._events = self._lost = 0
        """Counted by sources that are closed by now."""

    def due(self) -> float:
        """Return when `tend` or `read` has something to do even if nothing happens."""
        if self.source is None:
            return self.again
        times = [self._next_canary if self._deed is None else self._deed.at + self._settings.canary_seconds]
        wanted = self.source.due()
        return min(times if wanted is None else [*times, wanted])

    def prove(self) -> None:
        """Let a canary out at the next opportunity."""
        self._next_canary = 0.0

    def tend(self, now: float) -> list[Hint]:
        """Open it when it is time, let canaries out, judge those that are late; return what that loses."""
        if self.source is None:
            return self._open(now) if now >= self.again else []
        self._past = [deed for deed in self._past if deed.at + self._settings.canary_seconds + _LATE_SECONDS > now]
        if self._deed is not None:
            return self._judge(now)
        if now >= self._next_canary:
            self._let_out(now)
        return []

    def _open(self, now: float) -> list[Hint]:
        """Open the source. One that is opened again has missed what happened meanwhile."""
        try:
            self.source = self.watcher.open(self._host, self._settings)
        except Exception as error:  # noqa: BLE001 - one of four places: a watcher that fails must not take the others along
            self._fail(error, now)
            return []
        self._opened += 1
        self._mute = 0
        self._set(up=True, now=now)
        self._proof = Proof.PENDING
        self._let_out(now)
        again = self._opened > 1
        return [lost(f"{self.watcher.name} was not open for a while", now, self.watcher.name)] if again else []

    def _let_out(self, now: float) -> None:
        """Do the deed that the source must tell."""
        every = self._settings.canary_every
        self._next_canary = now + every if every > 0 else float("inf")
        if self.source is None:
            return
        try:
            self._deed = self.source.canary()
        except OSError as error:
            self._proof = Proof.UNTRIED
            self._reason = f"canary: {error.strerror or error}"

    def _judge(self, now: float) -> list[Hint]:
        """See whether the canary that is out was told."""
        deed = self._deed
        if deed is None:
            return []
        late = now > deed.at + self._settings.canary_seconds
        if not deed.seen and not late:
            return []
        self._clear_up(deed)
        if deed.seen:
            self._proof, self._backoff = Proof.OK, FIRST_BACKOFF
            return []
        return self.die(TimeoutError(f"canary not told within {self._settings.canary_seconds} s"), now, Proof.LOST)

    def _clear_up(self, deed: Deed) -> None:
        """End a canary; that it ended may still be told."""
        with contextlib.suppress(OSError):
            deed.undo()
        self._past.append(deed)
        self._deed = None

    def read(self, now: float, *, called: bool) -> list[Hint]:
        """Read the source; `called` says that it asked to be read. A source that fails is closed."""
        source = self.source
        if source is None:
            return []
        before = source.counters.events
        try:
            hints = list(source.read())
        except Exception as error:  # noqa: BLE001 - as above
            return self.die(error, now)
        told = hints or source.counters.events != before or not called
        self._mute = 0 if told else self._mute + 1
        if self._mute > MUTE_READS:
            return self.die(OSError("it says that there is something to read, and there is not"), now)
        return hints

    def claims(self, hint: Hint, now: float) -> bool:
        """Tell whether a hint is of a canary of ours, whoever told it; our own source's word proves it."""
        deed = self._deed
        if deed is not None and deed.is_about(hint):
            if hint.source == self.watcher.name:
                deed.tell(hint)
                if deed.seen:
                    self._latency = max(0.0, now - deed.at)
                    self._judge(now)
            return True
        return any(past.is_about(hint) for past in self._past)

    def hear(self, hints: Sequence[Hint], now: float) -> list[Hint]:
        """Pass on what others told."""
        if self.source is None:
            return []
        try:
            self.source.hear([hint for hint in hints if hint.source != self.watcher.name])
        except Exception as error:  # noqa: BLE001 - as above
            return self.die(error, now)
        return []

    def die(self, error: BaseException, now: float, proof: Proof = Proof.PENDING) -> list[Hint]:
        """Close the source for what happened; return the hint that it is not known what it would have told."""
        self.close()
        self._proof = proof
        self._fail(error, now)
        return [lost(f"{self.watcher.name} ended: {self._reason}", now, self.watcher.name)]

    def _fail(self, error: BaseException, now: float) -> None:
        """Note why it is not open, and when to try again."""
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
        self._reason = reason
        self._blind_kind = BlindKind.DENIED if isinstance(error, PermissionError) else BlindKind.ERROR
        if isinstance(error, TimeoutError):
            self._blind_kind = BlindKind.TIMEOUT
        self.again = now + self._backoff
        self._backoff = min(self._backoff * 2, LAST_BACKOFF)
        self._set(up=False, now=now)

    def _set(self, *, up: bool, now: float) -> None:
        if self._up != up or self._since == 0.0:
            self._up, self._since = up, now

    def blinds(self) -> tuple[Blind, ...]:
        """Return what is not seen: all that this source would tell, or what it says itself."""
        if self.source is not None:
            return self.source.blinds()
        kinds = ", ".join(sorted(kind for kind in self.watcher.ranks if kind in self._settings.kinds))
        subject = f"live events ({kinds})"
        return (Blind(collector=self.watcher.name, subject=subject, reason=self._reason, kind=self._blind_kind),)

    def state(self) -> SourceState:
        """Return how it is."""
        source = self.source
        counters = source.counters if source is not None else Counters()
        return SourceState(
            name=self.watcher.name,
            up=self._up,
            since=self._since,
            words=source.words if source is not None else self._reason,
            proof=self._proof,
            latency=self._latency,
            opened=self._opened,
            events=self._events + counters.events,
            lost=self._lost + counters.lost,
        )

    def close(self) -> None:
        """Close the source and clear up after its canaries."""
        if self._deed is not None:
            self._clear_up(self._deed)
        source, self.source = self.source, None
        if source is not None:
            self._events += source.counters.events
            self._lost += source.counters.lost
            with contextlib.suppress(OSError):
                source.close()
