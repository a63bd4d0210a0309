"""How soon hints come and what watching costs: `python bench/watch.py [--quick]` (as root; minutes).

Latency is from the deed (a program run, a port opened) to the hint in the taker's hands, the hold included. Idle CPU is
of a process that does nothing but watch, on a ground of sleeping processes, listening sockets and network namespaces,
against a psutil loop that learns the same of our own namespace (psutil does not see the others) at the same interval.
What else the host does is an event too; therefore the quietest quarter of the seconds is told beside the whole.
Ratios are what to look at, for they do not depend on the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import random
import resource
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from aiguard_agent.collect.candidates import earns_a_look
from aiguard_agent.collect.host import Host
from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.watch.choose import choose
from aiguard_agent.watch.conditions import all_watchers, look
from aiguard_agent.watch.life import Proof
from aiguard_agent.watch.run import Watch
from aiguard_agent.watch.watcher import Settings

NEW_NET = 0x40000000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="50 events, 5 s, a small ground")
    parser.add_argument("--idle", action="store_true", help="idle CPU only")
    arguments = parser.parse_args()
    quick = arguments.quick
    events, seconds = (50, 5.0) if quick else (200, 20.0)
    with tempfile.TemporaryDirectory() as folder, tracefs(Path(folder) / "tracefs") as tracing:
        store = Path(folder) / "store"
        store.mkdir()
        settings = Settings(stores=(str(store),), may_be_model=earns_a_look, tracefs=(tracing,))
        fast = Settings(wanted={"tracefs": True}, stores=(str(store),), may_be_model=earns_a_look, tracefs=(tracing,))
        if not arguments.idle:
            print("latency, milliseconds")
            latency(settings, events, store)
            if tracing:
                latency(fast, events, store)
        with ground(*(50, 10, 5) if quick else (500, 50, 30)) as words:
            print(f"\nidle, {seconds:.0f} s, ground: {words}")
            idle(settings, seconds)


@contextlib.contextmanager
def tracefs(folder: Path) -> Iterator[str]:
    """Mount tracefs on a folder of our own; "" where that is not allowed."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tracefs", "none", str(folder)], capture_output=True, check=False)
    yield str(folder) if mounted.returncode == 0 else ""
    if mounted.returncode == 0:
        subprocess.run(["umount", str(folder)], check=True)


def opened(settings: Settings) -> Watch:
    """Return a running watch whose sources are proved."""
    choice = choose(all_watchers(), look(Host(), settings), settings)
    watch = Watch(choice.used, Host(), settings)
    watch.start()
    until = time.monotonic() + 10
    while time.monotonic() < until and any(state.proof is not Proof.OK for state in watch.states()):
        time.sleep(0.02)
    return watch


class Taker(threading.Thread):
    """Takes hints and notes when the first of each process, port and path came."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(daemon=True)
        self.watch = watch
        self.came: dict[tuple[HintKind, int | str], float] = {}

    def run(self) -> None:
        """Take until the watch is stopped."""
        while self.watch.alive:
            hints = self.watch.take(0.5)
            now = time.monotonic()
            for hint in hints:
                if not hint.gone:
                    self.came.setdefault((hint.kind, self.key(hint)), now)

    @staticmethod
    def key(hint: Hint) -> int | str:
        """Return what the deed knows of the hint."""
        return {HintKind.PROCESS: hint.pid, HintKind.LISTENER: hint.port}.get(hint.kind, hint.path)


def latency(settings: Settings, events: int, store: Path) -> None:
    """Do so many deeds of each sort, spread in time, and print how long their hints took."""
    watch = opened(settings)
    taker = Taker(watch)
    taker.start()
    names = " + ".join(state.name for state in watch.states())
    doors: list[socket.socket] = []

    def run() -> int:
        with subprocess.Popen(["/bin/true"]) as process:
            return process.pid

    def listen() -> int:
        doors.append(socket.create_server(("127.0.0.1", 0)))
        return int(doors[-1].getsockname()[1])

    def write() -> str:
        path = store / f"{random.getrandbits(40)}.gguf"
        path.write_bytes(b"GGUF")
        return str(path)

    deeds: dict[HintKind, Callable[[], int | str]] = {
        HintKind.PROCESS: run,
        HintKind.LISTENER: listen,
        HintKind.FILE: write,
    }
    try:
        for kind, deed in deeds.items():
            done: dict[int | str, float] = {}
            for _ in range(events):
                at = time.monotonic()
                done[deed()] = at
                time.sleep(random.uniform(0.0, 0.06))
            time.sleep(1.0)
            took = [taker.came[kind, key] - at for key, at in done.items() if (kind, key) in taker.came]
            show(names, str(kind), took, len(done))
    finally:
        watch.stop()
        for door in doors:
            door.close()


def show(names: str, kind: str, took: list[float], asked: int) -> None:
    """Print one row."""
    took = sorted(1000 * one for one in took)
    if not took:
        print(f"  {kind:9} none of {asked} came  ({names})")
        return
    p99 = took[min(len(took) - 1, int(len(took) * 0.99))]
    numbers = f"p50 {statistics.median(took):6.1f}  p99 {p99:6.1f}  max {took[-1]:6.1f}"
    print(f"  {kind:9} {numbers}  {len(took)} of {asked}  ({names})")


@contextlib.contextmanager
def ground(sleepers: int, listeners: int, namespaces: int) -> Iterator[str]:
    """Make a host with something on it; all of it ends with the block."""
    processes = [os.posix_spawn("/bin/sleep", ["sleep", "600"], {}) for _ in range(sleepers)]
    doors = [socket.create_server(("127.0.0.1", 0)) for _ in range(listeners)]
    for _ in range(namespaces):
        pid = os.fork()
        if pid == 0:
            alone()
        processes.append(pid)
    time.sleep(0.5)
    total = sum(name.isdecimal() for name in os.listdir("/proc"))
    try:
        yield f"{total} processes, {listeners} listeners of ours, {namespaces} namespaces"
    finally:
        for door in doors:
            door.close()
        for pid in processes:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def alone() -> None:
    """Listen in a network namespace of our own until killed; never returns."""
    try:
        ctypes.CDLL(None).unshare(NEW_NET)
        door = socket.create_server(("0.0.0.0", 8000))
        signal.pause()
        door.close()
    finally:
        os._exit(0)


def idle(settings: Settings, seconds: float) -> None:
    """Print what a watching process uses while nothing is asked of it, and what a psutil loop uses."""
    ours = measured(lambda: watching(settings, seconds))
    theirs = measured(lambda: polling(settings.interval, seconds / 2))
    print(
        f"  watch   {100 * ours['share']:6.2f} % of a core at {ours['events']:.0f} events/s, RSS {ours['rss']:.0f} MB"
    )
    print(f"  its quietest quarter {100 * ours['quiet_share']:.2f} % at {ours['quiet_events']:.0f} events/s")
    print(f"  psutil  {100 * theirs['share']:6.2f} % of a core at the same interval, RSS {theirs['rss']:.0f} MB")
    print(f"  ratio   {theirs['share'] / ours['quiet_share']:.0f} to 1 (quietest quarter)")


def measured(work: Callable[[], dict[str, float]]) -> dict[str, float]:
    """Run work in a process of its own and return what it says, with its memory."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            said = work()
            said["rss"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            os.write(into, json.dumps(said).encode())
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        said = json.loads(pipe.read())
    os.waitpid(pid, 0)
    return dict(said)


def watching(settings: Settings, seconds: float) -> dict[str, float]:
    """Watch, take, and measure after the start is over."""
    watch = opened(settings)
    Taker(watch).start()
    time.sleep(1.0)
    events = sum(state.events for state in watch.states())
    slices: list[tuple[int, float]] = []
    for _ in range(int(seconds)):
        cpu, wall = time.process_time(), time.monotonic()
        time.sleep(1.0)
        now = sum(state.events for state in watch.states())
        slices.append((now - events, (time.process_time() - cpu) / (time.monotonic() - wall)))
        events = now
    watch.stop()
    quiet = sorted(slices)[: max(1, len(slices) // 4)]
    return {
        "share": statistics.mean(share for _, share in slices),
        "events": statistics.mean(count for count, _ in slices),
        "quiet_share": statistics.mean(share for _, share in quiet),
        "quiet_events": statistics.mean(count for count, _ in quiet),
    }


def polling(interval: float, seconds: float) -> dict[str, float]:
    """Learn of new processes and listening sockets with psutil; its share is its cost at our interval."""
    known: set[tuple[int, float]] = set()
    doors: set[tuple[object, ...]] = set()
    passes, cpu, until = 0, time.process_time(), time.monotonic() + seconds
    while time.monotonic() < until:
        now = {(one.pid, one.info["create_time"]) for one in psutil.process_iter(["create_time"])}
        listening = {tuple(c.laddr) for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
        known, doors = now, listening
        passes += 1
    assert known
    assert doors
    return {"share": (time.process_time() - cpu) / passes / interval, "events": 0}


if __name__ == "__main__":
    main()
