"""A Docker engine of our own and a booted machine of our own, both from the Debian root."""

import http.client
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import debian
from ground import ask, find_program, inside_network
from keeper import descendants

IMAGE = "aiguard/tiny-llama:1.0"
SECONDS = 90.0


def wait_for(what: str, done: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Look again and again until it is so."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.2)


def answers(pid: int, port: int) -> bool:
    """Tell whether the model server of this process is up, asked in its own namespace."""
    try:
        return inside_network(pid, lambda: ask(port, "/v1/models").status) == 200
    except (OSError, http.client.HTTPException):
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A Docker engine on a socket and a data folder of its own."""

    folder: Path

    def docker(self, *words: str, feed: int | None = None) -> str:
        """Run the client against this engine."""
        command = [find_program("docker") or "docker", "--host", f"unix://{self.folder / 'docker.sock'}", *words]
        stdin = subprocess.DEVNULL if feed is None else feed
        done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, timeout=180, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"docker {words[0]}: {done.stderr[-1500:]}")
        return done.stdout.strip()

    def run(self, name: str, port: int, model: str, *options: str) -> tuple[str, int]:
        """Run the tiny model server in a container; return the container's id and its first process."""
        command = [*debian.SERVER, "--port", str(port), "--model", model]
        number = self.docker("run", "--detach", "--name", name, *options, IMAGE, *command)
        pid = int(self.docker("inspect", "--format", "{{.State.Pid}}", number))
        wait_for(f"container {name}", lambda: answers(pid, port))
        return number, pid


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    """Have a Docker engine with our image in it; end it with all its containers."""
    folder.mkdir(parents=True)
    command = [
        str(find_program("dockerd")),
        "--storage-driver=vfs",
        "--bridge=none",
        "--iptables=false",
        f"--data-root={folder / 'data'}",
        f"--exec-root={folder / 'exec'}",
        f"--pidfile={folder / 'pid'}",
        f"--host=unix://{folder / 'docker.sock'}",
    ]
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    ours = Engine(folder=folder)
    try:
        wait_for("the Docker engine", lambda: (folder / "docker.sock").exists() and daemon.poll() is None, 30)
        with debian.archive().open("rb") as root:
            ours.docker("import", "-", IMAGE, feed=root.fileno())
        yield ours
    finally:
        if containers := ours.docker("ps", "--all", "--quiet").split():
            ours.docker("rm", "--force", *containers)
        daemon.terminate()
        daemon.wait(timeout=30)
        unmount_below(folder)


def unmount_below(folder: Path) -> None:
    """Unmount what an engine leaves mounted, such as the name of its network namespace."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place = line.split()[4]
        if place.startswith(f"{folder}/"):
            subprocess.run(["umount", "--lazy", place], stdin=subprocess.DEVNULL, timeout=30, check=False)


def deepest(pid: int, port: int) -> int:
    """Find the process below `pid` that runs the model server; 0 = none yet."""
    for below in descendants(pid):
        try:
            words = Path(f"/proc/{below}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"llama_cpp.server" in words and words[0].endswith(b"/python") and answers(below, port):
            return below
    return 0


@contextmanager
def booted(folder: Path) -> Iterator[tuple[int, Path]]:
    """Boot the root with its own systemd; yield the model server's process and the root's folder."""
    root = folder / "root"
    root.mkdir(parents=True)
    debian.run("tar", "-C", str(root), "-xf", str(debian.archive()))
    command = [
        "systemd-nspawn",
        "--directory",
        str(root),
        "--boot",
        "--register=no",
        "--keep-unit",
        "--private-network",
    ]
    env = {**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
    with (folder / "log").open("wb") as log:
        machine = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, start_new_session=True
        )
    try:
        wait_for("the booted machine", lambda: machine.poll() is not None or deepest(machine.pid, debian.PORT) > 0)
        yield deepest(machine.pid, debian.PORT), root
    finally:
        machine.terminate()
        try:
            machine.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(machine.pid, signal.SIGKILL)
            machine.wait()
        shutil.rmtree(root, ignore_errors=True)
