"""CPU of a sweep against a psutil sweep of the same host, side by side: `python bench/sweep.py [--quick]`.

Grounds: N sleeping processes, one process with 2,000 sockets (half of them listening), ten processes with 2,000
descriptors each. All are forked from this one and end with it. CPU seconds are of this process, the best of several
rounds; ratios are what to look at, for they do not depend on the machine.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psutil

from aiguard_agent.collect.collector import Options
from aiguard_agent.collect.host import Host
from aiguard_agent.collect.run import all_collectors, collect
from aiguard_agent.core.facts import HostFacts, Process

GOALS = {"full": 1 / 10, "incremental": 1 / 100}
FAST = ("processes", "sockets")


def is_interesting(process: Process) -> bool:
    """Stand for the signatures: the one process that serves."""
    return process.comm == "bench-server"


def child(prepare: Callable[[], object]) -> int:
    """Fork a process that prepares itself, says so, and sleeps until its parent ends."""
    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            os.close(ready)
            keep = prepare()
            os.write(told, b"x")
            os.close(told)
            while keep is not None and os.getppid() != 1:
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


def hold_files(count: int) -> list[int]:
    name("bench-files")
    return [os.open("/etc/passwd", os.O_RDONLY) for _ in range(count)]


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


@contextlib.contextmanager
def grounds(sleepers: int, sockets: int, holders: int, files: int) -> Iterator[None]:
    """Start everything, and end it whatever happens."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(sockets, files) + 200
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, wanted)), hard))
    pids: list[int] = []
    try:
        pids += [child(lambda: True) for _ in range(sleepers)]
        pids += [child(lambda: hold_files(files)) for _ in range(holders)]
        pids.append(child(lambda: hold_sockets(sockets)))
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


def cpu(work: Callable[[], object], rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        before = time.process_time()
        work()
        best = min(best, time.process_time() - before)
    return best


def incremental(rounds: int, options: Options) -> tuple[float, float]:
    """Return the CPU of the cheapest later pass and of the dearest one (a thorough pass)."""
    host = Host()
    run(host, options)
    run(host, options)
    spent = sorted(cpu(lambda: run(host, options), 1) for _ in range(max(12, rounds)))
    return spent[len(spent) // 2], spent[-1]


def run(host: Host, options: Options) -> HostFacts:
    return collect(host, options, collectors=[one for one in all_collectors() if one.name in FAST])


def whole_scan() -> tuple[float, int] | None:
    """Return CPU seconds and peak KiB of `scan --no-probe` as a whole process, None when there is no CLI."""
    if importlib.util.find_spec("aiguard_agent.cli.main") is None:
        return None
    argv = [sys.executable, "-m", "aiguard_agent", "scan", "--no-probe", "--format", "json"]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as started:
        _pid, _status, usage = os.wait4(started.pid, 0)
        started.returncode = 0
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def measure(sleepers: int, sockets: int, holders: int, files: int, rounds: int) -> bool:
    """Measure one size, print its rows, tell whether the goals were met."""
    options = Options(interesting=is_interesting)
    with grounds(sleepers, sockets, holders, files):
        facts = run(Host(), options)
        owned = sum(one.pid is not None for one in facts.listeners)
        print(f"\n{len(facts.processes)} processes, {len(facts.listeners)} listeners ({owned} owned), ", end="")
        print(f"{holders} x {files} files")
        base = cpu(psutil_sweep, max(1, rounds // 2))
        full = cpu(lambda: run(Host(), options), rounds)
        later, thorough = incremental(rounds, options)
        scan = whole_scan()
    print(f"{'what':34}{'CPU ms':>10}{'of psutil':>12}{'goal':>10}")
    rows = [("psutil sweep", base, None), ("full pass", full, GOALS["full"])]
    rows += [
        ("incremental pass (median)", later, GOALS["incremental"]),
        ("incremental pass (thorough one)", thorough, None),
    ]
    for label, seconds, goal in rows:
        ratio = f"1/{base / seconds:.0f}"
        print(f"{label:34}{seconds * 1000:10.1f}{ratio:>12}{f'1/{1 / goal:.0f}' if goal else '':>10}")
    if scan:
        print(f"{'scan --no-probe, whole process':34}{scan[0] * 1000:10.1f}{f'1/{base / scan[0]:.1f}':>12}", end="")
        print(f"   peak {scan[1] / 1024:.0f} MiB")
    print(f"peak of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    return full <= base * GOALS["full"] and later <= base * GOALS["incremental"]


def main() -> int:
    """Run the benchmark; 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="one small round: is it still in the right order of magnitude?"
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 5000], help="numbers of sleeping processes")
    arguments = parser.parse_args()
    if arguments.quick:
        return 0 if measure(200, 500, 5, 500, 2) else 1
    met = [measure(size, 2000, 10, 2000, 3) for size in arguments.sizes]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
