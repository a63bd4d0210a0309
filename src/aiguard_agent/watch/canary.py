"""Harmless deeds that prove a source: a program run, a port opened, a file made; each cleared up by `Deed.undo`."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.watch.watcher import Deed

TRUE = ("/bin/true", "/usr/bin/true")
CANARY_NAME = "aiguard-canary.gguf"
"""A name that models carry, so that it passes every filter of names."""


def run_program() -> Deed:
    """Run `true` once.

    The house starts no programs to observe with; this one observes nothing. It is the event itself: only a real exec
    shows that execs are still told, and nothing smaller than `true` with an empty environment can be executed.
    Where there is none (a container image of one file) the running interpreter stands in, told to do nothing.
    """
    program = next((path for path in TRUE if os.access(path, os.X_OK)), "/proc/self/exe")
    argv = ["true"] if program in TRUE else [sys.executable, "-I", "-S", "-c", "pass"]
    null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)]
    at = time.monotonic()
    pid = os.posix_spawn(program, argv, {}, file_actions=null, setsigmask=())

    def told(hint: Hint) -> bool:
        return hint.kind is HintKind.PROCESS and hint.pid == pid

    def undo() -> None:
        with contextlib.suppress(ChildProcessError):
            if os.waitpid(pid, os.WNOHANG) == (0, 0):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    return Deed([told], undo, at)


def open_port() -> Deed:
    """Listen on a free loopback port until it was told."""
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        door.bind(("127.0.0.1", 0))
        door.listen(1)
    except OSError:
        door.close()
        raise
    port = door.getsockname()[1]

    def told(hint: Hint) -> bool:
        return hint.kind is HintKind.LISTENER and hint.port == port

    return Deed([told], door.close, time.monotonic())


def both(one: Deed, other: Deed) -> Deed:
    """Return one deed that is seen when both are."""

    def undo() -> None:
        one.undo()
        other.undo()

    return Deed([*one.expected, *other.expected], undo, min(one.at, other.at))


def scratch_folder(chosen: str) -> tuple[str, bool]:
    """Return a private folder for canary files, and whether it is ours to remove."""
    if chosen:
        return chosen, False
    return tempfile.mkdtemp(prefix="aiguard-canary-"), True


def make_file(folder: str) -> Deed:
    """Create a small file in a folder of ours."""
    path = Path(folder) / CANARY_NAME
    at = time.monotonic()
    path.write_bytes(b"canary")

    def told(hint: Hint) -> bool:
        return hint.kind is HintKind.FILE and hint.path == str(path)

    def undo() -> None:
        path.unlink(missing_ok=True)

    return Deed([told], undo, at)
