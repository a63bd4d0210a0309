"""Merge all sources in one thread: wait, read, prove, re-arm, and keep the hints until somebody takes them."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType

from aiguard_agent.core.facts import Blind
from aiguard_agent.core.hint import Hint
from aiguard_agent.watch.choose import Used
from aiguard_agent.watch.life import Life, SourceState
from aiguard_agent.watch.merge import Merger, lost
from aiguard_agent.watch.watcher import EARLY, Host, Settings

GAP = 0.02
"""Seconds for which sources are left alone at least after something was read, and until the first hint may be handed
on: events gather in the kernel, one waking serves many, and a source that cannot stop talking costs fifty wakings a
second at most."""
_LONGEST_WAIT = 3600.0


class Watch:
    """All sources of one host, from `start` (or `with`) to `stop`. Any thread may call it."""

    def __init__(
        self, used: Sequence[Used], host: Host, settings: Settings, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lives = [Life(one.watcher, host, replace(settings, kinds=one.kinds)) for one in used]
        self._clock = clock
        self._merger = Merger(settings.hold, settings.queue)
        self._limit = settings.queue
        self._queue: deque[Hint] = deque()
        self._refused = 0
        self._change = threading.Condition()
        self._stopping = False
        self._wanted: set[str] = set()
        self._thread: threading.Thread | None = None
        self._bell = -1

    def start(self) -> None:
        """Start the thread; sources open in it one after the other."""
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._stopping = False
        self._thread = threading.Thread(target=self._loop, name="aiguard-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close every source; safe to call again."""
        if self._thread is None:
            return
        with self._change:
            self._stopping = True
            self._change.notify_all()
        self._ring()
        self._thread.join()
        self._thread = None
        os.close(self._bell)
        self._bell = -1

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def alive(self) -> bool:
        """True while the thread runs; the daemon's watchdog asks."""
        return self._thread is not None and self._thread.is_alive()

    def take(self, timeout: float | None = None) -> tuple[Hint, ...]:
        """Return all hints that wait; when none does, wait for one up to `timeout` seconds (None = for ever).

        Returns nothing when the time is up or the watch was stopped.
        """
        with self._change:
            self._change.wait_for(lambda: self._queue or self._refused or self._stopping, timeout)
            hints = list(self._queue)
            self._queue.clear()
            if self._refused:
                hints.append(lost(f"{self._refused} hints were not taken in time", self._clock()))
                self._refused = 0
            return tuple(hints)

    def prove(self, *names: str) -> None:
        """Have the named sources (none named: all) prove themselves now; see `states` for how they fared."""
        with self._change:
            self._wanted.update(names or [life.watcher.name for life in self._lives])
        self._ring()

    def states(self) -> tuple[SourceState, ...]:
        """Return how each source is."""
        return tuple(life.state() for life in self._lives)

    def blinds(self) -> tuple[Blind, ...]:
        """Return what is not seen live."""
        return tuple(blind for life in self._lives for blind in life.blinds())

    @property
    def merged(self) -> int:
        """Hints that were repetitions."""
        return self._merger.merged

    def _ring(self) -> None:
        """Wake the thread."""
        with contextlib.suppress(OSError):
            os.eventfd_write(self._bell, 1)

    def _loop(self) -> None:
        """Body of the thread."""
        quiet_until = 0.0
        try:
            while not self._stopping:
                now = self._clock()
                self._order_proofs()
                for life in self._lives:
                    self._add(life.tend(now), now)
                if now < quiet_until:
                    self._pause(quiet_until - now)
                elif self._read(self._wait(now), self._clock()):
                    quiet_until = max(self._clock() + GAP, self._merger.due() or 0.0)
                self._hand_on(self._clock())
        finally:
            for life in self._lives:
                life.close()

    def _order_proofs(self) -> None:
        """Let those canaries out that somebody asked for."""
        if not self._wanted:
            return
        with self._change:
            wanted, self._wanted = self._wanted, set()
        for life in self._lives:
            if life.watcher.name in wanted:
                life.prove()

    def _wait(self, now: float) -> set[int]:
        """Wait until a source has something, something is due, or the bell rings; return the descriptors that woke us.

        Registered afresh each time: sources come and go, and poll (unlike epoll) reports a descriptor that was closed.
        """
        poll = select.poll()
        for fd in (self._bell, *self._descriptors()):
            poll.register(fd, select.POLLIN)
        due = [life.due() for life in self._lives]
        held = self._merger.due()
        until = min([*due, *([] if held is None else [held])], default=now + _LONGEST_WAIT)
        wait = max(0.0, min(until - now, _LONGEST_WAIT))
        woken = {fd for fd, _ in poll.poll(_milliseconds(wait))}
        self._silence(woken)
        return woken

    def _descriptors(self) -> list[int]:
        return [fd for life in self._lives if life.source is not None and (fd := life.source.fileno()) >= 0]

    def _pause(self, seconds: float) -> None:
        """Leave the sources alone for a moment, the bell heard."""
        poll = select.poll()
        poll.register(self._bell, select.POLLIN)
        self._silence({fd for fd, _ in poll.poll(_milliseconds(seconds))})

    def _silence(self, woken: set[int]) -> None:
        if self._bell in woken:
            with contextlib.suppress(BlockingIOError):
                os.eventfd_read(self._bell)

    def _read(self, woken: set[int], now: float) -> bool:
        """Read the sources that called or are due; tell whether any was."""
        hints: list[Hint] = []
        any_called = False
        for life in self._lives:
            source = life.source
            if source is None:
                continue
            called = source.fileno() in woken
            due = source.due()
            if called or (due is not None and due <= now + EARLY):
                any_called = any_called or called
                hints += life.read(now, called=called)
        self._add(hints, now)
        return any_called

    def _add(self, hints: Sequence[Hint], now: float) -> None:
        """Let the other sources hear of it, keep what is of canaries to ourselves, hold the rest."""
        if not hints:
            return
        for life in self._lives:
            for hint in life.hear(hints, now):
                self._merger.add(hint, now)
        for hint in hints:
            if not [life for life in self._lives if life.claims(hint, now)]:
                self._merger.add(hint, now)

    def _hand_on(self, now: float) -> None:
        """Queue the hints that have waited long enough."""
        ready = self._merger.ready(now)
        if not ready:
            return
        with self._change:
            room = self._limit - len(self._queue)
            self._queue.extend(ready[: max(0, room)])
            self._refused += max(0, len(ready) - room)
            self._change.notify_all()


def _milliseconds(seconds: float) -> int:
    """Round up: a wait that ends too early would be repeated."""
    return int(seconds * 1000) + 1 if seconds > 0 else 0
