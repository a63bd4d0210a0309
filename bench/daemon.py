"""What the standing agent costs and how soon it sees: `python bench/daemon.py [--quick]` (as root; minutes).

The ground is 500 sleeping processes, 50 listening sockets and 30 network namespaces. Beside the agent, in the same run
and on the same ground, a psutil loop does as much of the job as psutil can every 5 s: it lists processes with their
command lines, and listening sockets with their owners. It sees our own namespace only, recognises nothing and writes
nothing. Every line ends with PASS or MISS against the figure promised.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "e2e"))
from watched import Agent, free_ports, starts_and_stops  # type: ignore[import-not-found]

IDLE_CORE, IDLE_BYTES, BUSY_CORE = 0.005, 60 << 20, 0.03
HALF, MOST, GONE = 0.3, 1.0, 2.0
POLL = 5.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="40 starts, 20 s idle, 10 s busy")
    parser.add_argument("--idle", action="store_true", help="measure the cost only (in namespaces of its own, too)")
    options = parser.parse_args()
    quick = options.quick
    starts, idle_for, busy_for = (40, 20.0, 10.0) if quick else (200, 60.0, 20.0)
    with tempfile.TemporaryDirectory() as folder:
        if not options.idle:
            with Agent(Path(folder) / "fast") as agent:
                latency(agent, starts)
        with ground(Path(folder), 500, 50, 30) as words, Agent(Path(folder) / "slow", more=ORDINARY) as agent:
            print(f"\nground: {words}")
            idle(agent, idle_for)
            busy(agent, busy_for)


ORDINARY = "watch: {reconcile_interval: 60s}"


def verdict(name: str, value: float, bound: float, unit: str, scale: float = 1.0) -> None:
    """Print one figure against what was promised."""
    word = "PASS" if value <= bound else "MISS"
    print(f"  {name:<44} {value * scale:8.2f} {unit:<10} <= {bound * scale:g}  {word}", flush=True)


def latency(agent: Agent, starts: int) -> None:
    """Start and stop servers, and print how soon the ledger had it on the disk."""
    times = list(starts_and_stops(agent, free_ports(starts)))
    seen, gone = sorted(one[0] for one in times), sorted(one[1] for one in times)
    print(f"servers started and stopped: {len(times)}")
    verdict("listen() to a finding in the ledger, p50", seen[len(seen) // 2], HALF, "ms", 1000)
    verdict("listen() to a finding in the ledger, p99", seen[int(len(seen) * 0.99)], MOST, "ms", 1000)
    verdict("end to resolved, largest", gone[-1], GONE, "ms", 1000)


LISTEN = """
import socket, sys, time
kept = [socket.create_server(("0.0.0.0", 0)) for _ in range(int(sys.argv[1]))]
time.sleep(1000)
"""


@contextlib.contextmanager
def ground(folder: Path, sleepers: int, listeners: int, namespaces: int) -> Iterator[str]:
    """Start processes that do nothing, some of them in namespaces of their own, and a daemon of no known make."""
    program = folder / "mydaemon"
    program.write_bytes(Path(sys.executable).resolve().read_bytes())
    program.chmod(0o755)
    running = [subprocess.Popen([str(program), "-c", LISTEN, str(listeners)])]
    apart = ["unshare", "--net"]
    running += [subprocess.Popen([*(apart if one < namespaces else []), "sleep", "1000"]) for one in range(sleepers)]
    time.sleep(1.0)
    try:
        yield f"{sleepers} sleeping processes, {listeners} listening sockets, {namespaces} network namespaces"
    finally:
        for one in running:
            one.kill()
        for one in running:
            one.wait()


def poll_for_ever() -> None:
    """Do the job with psutil, every few seconds."""
    while True:
        began = time.monotonic()
        for process in psutil.process_iter(["pid", "name", "cmdline", "exe", "username", "create_time"]):
            process.info  # noqa: B018 - reading it is the job
        [one for one in psutil.net_connections("inet") if one.status == psutil.CONN_LISTEN]
        time.sleep(max(0.0, POLL - (time.monotonic() - began)))


def spent(pid: int) -> float:
    """Return the CPU seconds of a process so far, to the nanosecond."""
    return sum(int(one.read_text().split()[0]) for one in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def idle(agent: Agent, seconds: float) -> None:
    """Let the agent stand on the ground, the loop beside it.

    What else the host does earns looks too; therefore the quietest half of the seconds is told beside the whole.
    """
    rival = multiprocessing.get_context("fork").Process(target=poll_for_ever, daemon=True)
    rival.start()
    time.sleep(POLL)
    before_other, looks, began = spent(rival.pid or 0), agent.status()["looks"], time.monotonic()
    marks = [spent(agent.pid)]
    for number in range(int(seconds)):
        time.sleep(max(0.0, began + number + 1 - time.monotonic()))
        marks.append(spent(agent.pid))
    cost, cost_other = (marks[-1] - marks[0]) / seconds, (spent(rival.pid or 0) - before_other) / seconds
    after = agent.status()["looks"]
    rival.terminate()
    each = sorted(late - early for early, late in itertools.pairwise(marks))
    quiet = each[: max(1, len(each) // 2)]
    print(f"idle, {seconds:.0f} s; looks { ({key: after[key] - looks.get(key, 0) for key in after}) }")
    verdict("CPU of the agent", cost, IDLE_CORE, "% of core", 100)
    verdict("the same in the quietest half of the seconds", sum(quiet) / len(quiet), IDLE_CORE, "% of core", 100)
    verdict("resident memory of the agent", psutil.Process(agent.pid).memory_info().rss, IDLE_BYTES, "MiB", 2.0**-20)
    ratio = cost / cost_other
    print(f"  psutil every {POLL:.0f} s: {cost_other * 100:.2f} % of a core; the agent costs {ratio:.2f} of it")


def busy(agent: Agent, seconds: float) -> None:
    """Run 100 programs a second."""
    before, began, count = spent(agent.pid), time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        if count < passed * 100:
            os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
            count += 1
        else:
            time.sleep(0.002)
    cost = (spent(agent.pid) - before) / seconds
    print(f"busy, {seconds:.0f} s, {count / seconds:.0f} programs a second")
    verdict("CPU of the agent", cost, BUSY_CORE, "% of core", 100)


if __name__ == "__main__":
    main()
