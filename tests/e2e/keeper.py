"""Keep one bed: start its command, adopt every process it leaves behind, end them all.

Run as a script by the interpreter of the tests; reads one line of JSON from standard input:
`command`, `folder`, `env`, `log`, `netns`, `stdin`, `pty`. The command line stays empty of the
bed's words, so the keeper itself can never be taken for the server. It is a child subreaper, so
a daemon that detaches twice still hangs below it. When its standard input ends, as it does when
the tests that started it die, it ends everything. (A death signal would follow the thread that
started it, not the process.)
"""

import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
GRACE = 5.0
TICK = 0.5
libc = ctypes.CDLL(None, use_errno=True)


def must(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def enter_own_network() -> None:
    """Move into a new network namespace that has nothing but its loopback."""
    must(libc.unshare(CLONE_NEWNET), "unshare")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", IFF_UP, b""))


def parents() -> dict[int, int]:
    """Map every process to its parent."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
    return found


def descendants(root: int) -> set[int]:
    """List every process below `root`."""
    above = parents()
    below: set[int] = set()
    grew = True
    while grew:
        new = {pid for pid, parent in above.items() if parent == root or parent in below} - below
        below |= new
        grew = bool(new)
    return below


def signal_all(number: int) -> bool:
    """Signal everything below us; tell whether anything was left."""
    left = descendants(os.getpid())
    for pid in left:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
    return bool(left)


def reap() -> None:
    """Collect the dead without waiting for the living."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return


def end(*_: object) -> None:
    """End the whole tree, politely first."""
    deadline = time.monotonic() + GRACE
    signal_all(signal.SIGTERM)
    while time.monotonic() < deadline and descendants(os.getpid()):
        reap()
        time.sleep(0.05)
    while signal_all(signal.SIGKILL):
        reap()
        time.sleep(0.02)
    os._exit(0)


def start(spec: dict) -> "subprocess.Popen[bytes]":
    """Start the command with nothing of ours open."""
    log = Path(spec["log"]).open("ab")  # noqa: SIM115 - lives as long as the keeper
    stdin: int = subprocess.PIPE if spec["stdin"] else subprocess.DEVNULL
    stdout: object = log
    if spec["pty"]:
        ours, stdin = os.openpty()
        os.set_inheritable(ours, False)
        stdout = stdin
    return subprocess.Popen(
        spec["command"],
        cwd=spec["folder"],
        env=spec["env"],
        stdin=stdin,
        stdout=stdout,
        stderr=log,
        start_new_session=True,
    )


def main() -> None:
    spec = json.loads(sys.stdin.readline())
    must(libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    if spec["netns"]:
        enter_own_network()
    started = start(spec)
    print("started", flush=True)
    kept = started.stdin  # noqa: F841 - held open as long as we live
    while not select.select([sys.stdin], [], [], TICK)[0]:
        reap()
    end()


if __name__ == "__main__":
    main()
