"""What the tests of every watcher share: open one on this host and wait for what it tells."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aiguard_agent.collect.host import Host
from aiguard_agent.core.hint import Hint
from aiguard_agent.watch.watcher import Settings, Source, Watcher

Open = Callable[..., Source]
Wait = Callable[..., list[Hint]]


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture(scope="session")
def tracing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Tracefs, mounted on a folder of the tests' own; an empty folder where that is not allowed."""
    folder = tmp_path_factory.mktemp("tracefs")
    mounted = subprocess.run(["mount", "-t", "tracefs", "none", str(folder)], capture_output=True, check=False)
    yield folder
    if mounted.returncode == 0:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def settings(tmp_path: Path, tracing: Path) -> Settings:
    """Settings that watch one store of the test's own, with a scratch folder beside it."""
    for name in ("store", "scratch"):
        (tmp_path / name).mkdir()
    return Settings(
        stores=(str(tmp_path / "store"),),
        scratch=str(tmp_path / "scratch"),
        tracefs=(str(tracing),),
        may_be_model=lambda name: name.endswith(".gguf"),
        interval=0.05,
        quiet=0.2,
        sweep=0.2,
    )


@pytest.fixture
def opened(host: Host, settings: Settings) -> Iterator[Open]:
    """Return a function that opens a watcher; closed when the test ends, skipped where the host refuses."""
    sources: list[Source] = []

    def open_one(watcher: Watcher, **changes: object) -> Source:
        try:
            source = watcher.open(host, replace(settings, **changes))  # type: ignore[arg-type] # any field
        except OSError as error:
            pytest.skip(f"{watcher.name}: {error}")
        sources.append(source)
        return source

    yield open_one
    for source in sources:
        source.close()


def read_until(source: Source, wanted: Callable[[Hint], bool], seconds: float = 5.0) -> list[Hint]:
    """Read until a wanted hint came; return all hints, the wanted one last. Fails when the time is up."""
    hints: list[Hint] = []
    until = time.monotonic() + seconds
    while (now := time.monotonic()) < until:
        due = source.due()
        poll = select.poll()
        if source.fileno() >= 0:
            poll.register(source.fileno(), select.POLLIN)
        poll.poll(max(1, int(1000 * (min(until, due or until) - now))))
        for hint in source.read():
            hints.append(hint)
            if wanted(hint):
                return hints
    pytest.fail(f"not told within {seconds} s, but {[hint.subject for hint in hints][-20:]}")


@pytest.fixture
def wait() -> Wait:
    return read_until


@pytest.fixture
def namespace_server() -> Iterator[Callable[[], tuple[int, int]]]:
    """Return a function that starts a server in a network namespace of its own: (pid, namespace); it uses port 9191."""
    if os.geteuid() != 0:
        pytest.skip("needs root to make a network namespace")
    started: list[int] = []

    def start() -> tuple[int, int]:
        ready, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            _serve(tell)
        started.append(pid)
        os.close(tell)
        namespace = int(os.read(ready, 20) or b"0")
        os.close(ready)
        return pid, namespace

    yield start
    for pid in started:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _serve(tell: int) -> None:
    """Go into a new namespace, listen there, say so, and wait to be killed; never returns."""
    import socket

    try:
        if ctypes.CDLL(None).unshare(0x40000000) == 0:
            door = socket.create_server(("0.0.0.0", 9191))
            os.write(tell, str(Path("/proc/self/ns/net").stat().st_ino).encode())
            signal.pause()
            door.close()
    finally:
        os._exit(1)


@pytest.fixture
def run_true() -> Callable[[], int]:
    """Return a function that runs `true` and returns the pid that it had."""

    def run() -> int:
        with subprocess.Popen(["true"]) as process:
            return process.pid

    return run
