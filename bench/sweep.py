"""CPU of a sweep against a psutil sweep of the same host, side by side: `python bench/sweep.py [--quick]`.

Grounds: N sleeping processes, ten more that hold 2,000 descriptors each, one Python server with 2,000 sockets (half
of them listening) and ten idle Python processes. By the agent's own signatures the eleven Python processes are
candidates and are looked into; `--candidates` makes the holders of files and all sleepers Python as well, which is the
worst case: a host on which everybody is a candidate.

Where it may (as root), the bench runs in a PID and a network namespace of its own, so that the ground holds what is
named here and nothing else; `--here` measures amid everything that runs on the host. All are started from this one
and end with it. CPU seconds are of one process, the best of several rounds; ratios are what to look at, for they do
not depend on the machine. The store walk has a bench of its own (store_walk.py); here it counts in the whole scan and
in later passes.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import fcntl
import gc
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import psutil

from aiguard_agent.collect.collector import Options
from aiguard_agent.collect.host import Host
from aiguard_agent.collect.memory import VERIFY_EVERY
from aiguard_agent.collect.run import collect
from aiguard_agent.identify.index import Index
from aiguard_agent.identify.interest import interest
from aiguard_agent.signatures.load import bundled

SLEEP = ["/bin/sleep", "3600"]
MEMORY_GOAL = 80 << 10
_NEW_SPACES = 0x20000000 | 0x40000000 | 0x00020000
"""CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWNS."""
_PRIVATE = 0x4000 | 0x40000
"""MS_REC, MS_PRIVATE."""
_SET_FLAGS = 0x8914
"""SIOCSIFFLAGS."""
SCAN_GOAL, SCAN_PROCESSES = 1.0, 700
"""CPU seconds of a whole scan; asked of the smaller ground only."""


def child(prepare: Callable[[], object]) -> int:
    """Fork a process that prepares itself, says so, and sleeps until its parent ends."""
    ready, told = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            os.close(ready)
            keep = prepare()
            os.write(told, b"x")
            os.close(told)
            while keep is not None and os.getppid() == parent:
                signal.pause()
        os._exit(0)
    os.close(told)
    try:
        if os.read(ready, 1) != b"x":
            raise RuntimeError("a child could not prepare itself")
    finally:
        os.close(ready)
    return pid


def name(words: str) -> None:
    """Give this process a name of its own."""
    with open("/proc/self/comm", "w") as comm:  # noqa: PTH123 - a Path here would be one more import in each child
        comm.write(words)


def hold_files(count: int, *, python: bool) -> int:
    """Start a process that holds so many descriptors of one file."""
    if python:
        return child(lambda: [os.open("/etc/passwd", os.O_RDONLY) for _ in range(count)])
    ended, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        for _ in range(count):
            os.set_inheritable(os.open("/etc/passwd", os.O_RDONLY), True)
        os.execv(SLEEP[0], SLEEP)
    os.close(told)
    os.read(ended, 1)  # closed by the exec
    os.close(ended)
    return pid


def hold_sockets(count: int) -> list[socket.socket]:
    name("bench-server")
    held = []
    for number in range(count):
        one = socket.socket()
        one.bind(("127.0.0.1", 0))
        if number % 2:
            one.listen()
        held.append(one)
    return held


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a host under measure holds."""

    sleepers: int
    sockets: int = 2000
    holders: int = 10
    files: int = 2000
    idle: int = 10
    python: bool = False

    def sleeper(self) -> int:
        """Start one dummy process."""
        return child(lambda: True) if self.python else os.posix_spawn(SLEEP[0], SLEEP, {})

    @contextlib.contextmanager
    def stand(self) -> Iterator[None]:
        """Start everything, and end it whatever happens."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = max(self.sockets, self.files) + 200
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, wanted)), hard))
        pids: list[int] = []
        try:
            pids += [self.sleeper() for _ in range(self.sleepers)]
            pids += [child(lambda: True) for _ in range(self.idle)]
            pids += [hold_files(self.files, python=self.python) for _ in range(self.holders)]
            pids.append(child(lambda: hold_sockets(self.sockets)))
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            for pid in pids:
                os.waitpid(pid, 0)


def psutil_sweep() -> None:
    for process in psutil.process_iter(["cmdline"]):
        with contextlib.suppress(psutil.Error):
            process.open_files()
    psutil.net_connections("inet")


def bare_reads() -> None:
    """Read what a first pass cannot do without of each process and throw it away: no pass can cost less than this."""
    for name in os.listdir("/proc"):
        if not name.isdecimal():
            continue
        with contextlib.suppress(OSError):
            os.lstat(f"/proc/{name}")
            for file in ("stat", "cmdline", "cgroup"):
                fd = os.open(f"/proc/{name}/{file}", os.O_RDONLY | os.O_CLOEXEC)
                os.read(fd, 4096)
                os.close(fd)
            os.readlink(f"/proc/{name}/exe")
            os.readlink(f"/proc/{name}/ns/net")


def cpu(work: Callable[[], object], rounds: int = 1) -> float:
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        before = time.process_time()
        work()
        best = min(best, time.process_time() - before)
    return best


def later_passes(options: Options, rounds: int) -> tuple[float, float]:
    """Return the CPU of the middle quick pass and of the cheapest thorough one, all collectors running."""
    host = Host()
    collect(host, options)
    collect(host, options)
    quick: list[float] = []
    thorough: list[float] = []
    for _ in range(VERIFY_EVERY * max(2, rounds)):
        spent = cpu(lambda: collect(host, options))
        (thorough if host.memory.thorough else quick).append(spent)
    return sorted(quick)[len(quick) // 2], min(thorough)


def whole_scan(rounds: int, *extra: str) -> tuple[float, int]:
    """Return the best CPU seconds and the peak KiB of `scan --no-probe` as a process of its own, compiled once."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = cache  # an installed package comes with its bytecode
        argv = [sys.executable, "-m", "aiguard_agent", "scan", "--no-probe", "--format", "json", *extra]
        best, peak = float("inf"), 0
        for number in range(rounds + 1):
            with subprocess.Popen(
                argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as started:
                _pid, _status, usage = os.wait4(started.pid, 0)
                started.returncode = 0
            best = min(best, usage.ru_utime + usage.ru_stime) if number else best
            peak = max(peak, usage.ru_maxrss)
    return best, peak


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: what was measured, and what was wanted of it."""

    what: str
    seconds: float
    ratio_goal: float = 0.0
    seconds_goal: float = 0.0

    def met(self, base: float) -> bool | None:
        """Tell whether the goal was met; None when there is none."""
        if self.ratio_goal:
            return self.seconds <= base * self.ratio_goal
        return self.seconds <= self.seconds_goal if self.seconds_goal else None

    def line(self, base: float) -> str:
        """Return the row as text."""
        goal = (
            f"1/{1 / self.ratio_goal:.0f}" if self.ratio_goal else f"{self.seconds_goal:g} s" * bool(self.seconds_goal)
        )
        met = self.met(base)
        verdict = "" if met is None else "pass" if met else "MISS"
        return f"{self.what:44}{self.seconds * 1000:10.1f}{f'1/{base / self.seconds:.1f}':>11}{goal:>8}  {verdict}"


def alone() -> bool:
    """Go on as the first process of new PID and network namespaces, with a /proc of their own; False = not allowed.

    The process that was there before only waits, and ends with the same result.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_SPACES) != 0:
        return False
    pid = os.fork()
    if pid:
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    libc.mount(b"none", b"/", None, _PRIVATE, None)
    if libc.mount(b"proc", b"/proc", b"proc", 0, None) != 0:
        sys.exit("cannot mount a /proc of our own; try --here")
    with contextlib.suppress(OSError), socket.socket() as one:  # a new namespace has its loopback down
        fcntl.ioctl(one, _SET_FLAGS, struct.pack("16sh22x", b"lo", 1))
    return True


def measure(ground: Ground, rounds: int) -> bool:
    """Measure one size, print its rows, tell whether the goals were met."""
    options = Options(interesting=interest(Index(bundled())), stores=False)
    stores = replace(options, stores=True)
    with ground.stand():
        facts = collect(Host(), options)
        if ground.sockets // 2 > sum(one.pid is not None for one in facts.listeners):
            raise RuntimeError("the ground does not stand: its sockets have no owners")
        base = full = floor = float("inf")
        for _ in range(rounds):  # in turn, so that a busy minute of the machine hits both
            base = min(base, cpu(psutil_sweep))
            full = min(full, cpu(lambda: collect(Host(), options), 2))
            floor = min(floor, cpu(bare_reads, 2))
        spent = {one.name: one.seconds for one in collect(Host(), options).runs}
        quick, thorough = later_passes(stores, rounds)
        scan, peak = whole_scan(rounds)
        bare, _peak = whole_scan(rounds, "--no-stores")
    small = len(facts.processes) <= SCAN_PROCESSES
    rows = [
        Row(what="psutil sweep", seconds=base),
        Row(what="first full pass, candidates inspected", seconds=full, ratio_goal=1 / 10),
        Row(what="  of which the bare reads of each process", seconds=floor),
        Row(what="incremental pass, all collectors (median)", seconds=quick, ratio_goal=1 / 100),
        Row(what="thorough later pass (every sixth)", seconds=thorough),
        Row(what="scan --no-probe, whole process", seconds=scan, seconds_goal=SCAN_GOAL if small else 0.0),
        Row(what="scan --no-probe --no-stores, whole process", seconds=bare),
    ]
    owned = sum(one.pid is not None for one in facts.listeners)
    inspected = sum(one.inspected for one in facts.processes)
    print(f"\n{len(facts.processes)} processes ({inspected} inspected), ", end="")
    print(f"{len(facts.listeners)} listeners ({owned} owned), {ground.holders} x {ground.files} files")
    print(f"{'what':44}{'CPU ms':>10}{'of psutil':>11}{'goal':>8}")
    for row in rows:
        print(row.line(base))
    print("wall ms by collector: " + ", ".join(f"{key} {value * 1000:.0f}" for key, value in spent.items()))
    light = peak <= MEMORY_GOAL
    print(f"peak of the scan {peak / 1024:.0f} MiB, goal {MEMORY_GOAL >> 10}: {'pass' if light else 'MISS'}")
    return light and all(row.met(base) is not False for row in rows)


def main() -> int:
    """Run the benchmark; 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the smaller ground, one round")
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 5000], help="numbers of sleeping processes")
    parser.add_argument("--candidates", action="store_true", help="worst case: every process is a candidate")
    parser.add_argument("--here", action="store_true", help="measure amid everything that runs on this host")
    arguments = parser.parse_args()
    where = "namespaces of its own" if not arguments.here and alone() else "amid everything on this host"
    print(f"ground: {where}; {'every process a candidate' if arguments.candidates else 'eleven candidates'}")
    if arguments.quick:
        return 0 if measure(Ground(sleepers=500, python=arguments.candidates), 1) else 1
    grounds = [Ground(sleepers=size, python=arguments.candidates) for size in arguments.sizes]
    met = [measure(ground, 3) for ground in grounds]  # all of them, also after a miss
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
