"""A watcher of the tests' own: a pipe, told what to tell."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence

import pytest

from aiguard_agent.core.facts import Blind
from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.watch.watcher import Counters, Deed, Settings, Watcher


class Pipe:
    """A source that tells what was put in, through a real descriptor."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.counters = Counters()
        self.words = "a pipe"
        self.out, self.into = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.waiting: list[Hint] = []
        self.heard: list[Hint] = []
        self.closed = 0

    def put(self, *hints: Hint) -> None:
        self.waiting += hints
        os.write(self.into, b"x")

    def fileno(self) -> int:
        return self.out

    def due(self) -> float | None:
        return self.play.due

    def read(self) -> Sequence[Hint]:
        self.play.reads += 1
        if self.play.error is not None:
            raise self.play.error
        if not self.play.stuck:
            os.read(self.out, 4096)
        hints, self.waiting = self.waiting, []
        self.counters.events += len(hints)
        return hints

    def hear(self, hints: Sequence[Hint]) -> None:
        self.heard += hints

    def blinds(self) -> tuple[Blind, ...]:
        return self.play.blinds

    def canary(self) -> Deed:
        if self.play.no_canary:
            raise OSError(24, "too many open files")
        self.play.canaries += 1
        number = 1000 + self.play.canaries
        if not self.play.deaf:
            self.put(hint(number, source=self.play.name))
        return Deed([lambda one: one.pid == number], self.play.undo, time.monotonic())

    def close(self) -> None:
        self.closed += 1
        for fd in (self.out, self.into):
            with contextlib.suppress(OSError):
                os.close(fd)


class Play:
    """How the pipes of one watcher behave, and what became of them."""

    def __init__(self, name: str = "pipe") -> None:
        self.name = name
        self.error: Exception | None = None
        self.refuse: Exception | None = None
        self.deaf = self.stuck = self.no_canary = False
        self.due: float | None = None
        self.blinds: tuple[Blind, ...] = ()
        self.opened: list[Pipe] = []
        self.reads = self.canaries = self.undone = 0
        self.watcher = Watcher(
            name=name,
            help="for tests",
            ranks={HintKind.PROCESS: 1},
            loses="never",
            parse=lambda _data, _now: (),
            open=lambda _host, settings: self.open(settings),
        )

    def open(self, settings: Settings) -> Pipe:
        if self.refuse is not None:
            raise self.refuse
        self.settings = settings
        self.opened.append(Pipe(self))
        return self.opened[-1]

    def undo(self) -> None:
        self.undone += 1

    @property
    def pipe(self) -> Pipe:
        return self.opened[-1]


def hint(pid: int, *, source: str = "pipe", kind: HintKind = HintKind.PROCESS, gone: bool = False) -> Hint:
    return Hint(source=source, kind=kind, subject=f"pid {pid}", at=1.0, pid=pid, gone=gone)


@pytest.fixture
def make_hint() -> Callable[..., Hint]:
    return hint


@pytest.fixture
def play() -> Play:
    return Play()


@pytest.fixture
def make_play() -> type[Play]:
    return Play
