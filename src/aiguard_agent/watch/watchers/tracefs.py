"""A tracing instance of our own: programs that start and sockets that listen in any namespace, as they do.

The fastest source without eBPF, for root on a host with tracefs. Off by default: the instance takes kernel memory
and outlives a killed agent until the next one clears it away.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from aiguard_agent.core.facts import Blind
from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.watch import trace
from aiguard_agent.watch.canary import both, open_port, run_program
from aiguard_agent.watch.watcher import Counters, Deed, Host, Settings, Watcher

PREFIX = "aiguard-"
BUFFER_KIB = 512
"""Trace buffer of each CPU."""
_CHUNK = 1 << 16
_AT_ONCE = 16
_EVENTS = {HintKind.PROCESS: f"sched/{trace.EXEC}", HintKind.LISTENER: f"sock/{trace.STATE}"}


class Tracefs:
    """One instance, `instances/aiguard-PID`."""

    def __init__(self, top: Path, kinds: frozenset[HintKind]) -> None:
        self.counters = Counters()
        self._kinds = kinds & _EVENTS.keys()
        self._rest = b""
        self._pipe = -1
        self._folder = top / "instances" / f"{PREFIX}{os.getpid()}"
        remove_stale(top)
        self._folder.mkdir(mode=0o700)
        try:
            self._arm()
            self._pipe = os.open(self._folder / "trace_pipe", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            self.close()
            raise
        self.words = f"{self._folder}, {BUFFER_KIB} KiB for each CPU"

    def _arm(self) -> None:
        """Set clock, size and filter, then switch the events on."""
        _write(self._folder / "trace_clock", "mono")
        _write(self._folder / "buffer_size_kb", str(BUFFER_KIB))
        _write(self._folder / "events" / _EVENTS[HintKind.LISTENER] / "filter", trace.STATE_FILTER)
        for kind in sorted(self._kinds):
            _write(self._folder / "events" / _EVENTS[kind] / "enable", "1")

    def fileno(self) -> int:
        """Return the trace pipe."""
        return self._pipe

    def due(self) -> float | None:
        """It speaks for itself."""
        return None

    def read(self) -> Sequence[Hint]:
        """Return the hints of the lines that are whole."""
        now = time.monotonic()
        hints: list[Hint] = []
        for _ in range(_AT_ONCE):
            try:
                data = os.read(self._pipe, _CHUNK)
            except BlockingIOError:
                break
            if not data:
                break
            whole, _, rest = (self._rest + data).rpartition(b"\n")
            self._rest = rest[-trace.LONGEST :]
            self.counters.events += whole.count(b"\n") + bool(whole)
            hints += trace.parse(whole, now)
        self.counters.lost += sum(hint.kind is HintKind.LOST for hint in hints)
        return hints

    def hear(self, hints: Sequence[Hint]) -> None:
        """Nobody can tell it anything."""

    def blinds(self) -> tuple[Blind, ...]:
        """It sees every namespace."""
        return ()

    def canary(self) -> Deed:
        """Run `true`, open a port, or both, as far as it was asked to tell of them."""
        if HintKind.LISTENER not in self._kinds:
            return run_program()
        port = open_port()
        if HintKind.PROCESS not in self._kinds:
            return port
        try:
            return both(run_program(), port)
        except OSError:
            port.undo()
            raise

    def close(self) -> None:
        """Switch the events off and remove the instance; the order matters, a used one cannot be removed."""
        with contextlib.suppress(OSError):
            os.close(self._pipe)
        self._pipe = -1
        remove(self._folder)


def remove_stale(top: Path) -> None:
    """Remove the instances of agents that are dead, and one that this process left behind."""
    for name in os.listdir(top / "instances"):
        pid = name.removeprefix(PREFIX)
        ours = name.startswith(PREFIX) and pid.isdecimal()
        if ours and (int(pid) == os.getpid() or not Path(f"/proc/{pid}").exists()):
            remove(top / "instances" / name)


def remove(folder: Path) -> None:
    """Switch one instance off and remove it; whoever still reads it keeps it, switched off."""
    with contextlib.suppress(OSError):
        _write(folder / "events" / "enable", "0")
    with contextlib.suppress(OSError):
        folder.rmdir()


def _write(path: Path, text: str) -> None:
    """Write to a file that the kernel made; never makes one."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def mounted(places: Iterable[str]) -> Path | None:
    """Return where tracefs is mounted, or None."""
    return next((Path(place) for place in places if Path(place, "instances").is_dir()), None)


def _open(host: Host, settings: Settings) -> Tracefs:
    top = mounted(settings.tracefs)
    if not host.live or top is None:
        raise OSError(errno.EOPNOTSUPP, "tracefs is not mounted")
    return Tracefs(top, settings.kinds)


WATCHER = Watcher(
    name=trace.NAME,
    help="programs that start and sockets that listen, from a tracing instance of our own",
    default=False,
    ranks={HintKind.LISTENER: 30, HintKind.PROCESS: 10},
    needs=("CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"),
    kernel=(4, 16),
    init_namespaces=True,
    place="tracefs",
    loses="when its buffer overruns; the pipe then has a line that says how many",
    parse=trace.parse,
    open=_open,
)
