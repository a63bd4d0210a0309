"""The ground the beds stand on: environments, ports, starting, asking, ending."""

import ctypes
import http.client
import importlib.metadata
import itertools
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from beds.bed import QUIET, Bed, Place
from keeper import CLONE_NEWNET, descendants

HERE = Path(__file__).resolve().parent
APPS = HERE / "apps"
REPOSITORY = HERE.parent.parent
libc = ctypes.CDLL(None, use_errno=True)
T = TypeVar("T")
_PORTS = itertools.cycle(range(20000 + os.getpid() % 8000, 32000))


def environments() -> Path:
    """Name the folder of the beds' environments."""
    return Path(os.environ.get("AIGUARD_BEDS") or REPOSITORY / ".beds")


def environment_of(bed: Bed) -> Path:
    """Name the bed's own environment."""
    return environments() / (bed.venv or bed.name)


def missing(bed: Bed) -> str:
    """Say why the bed cannot start here; empty when it can."""
    absent = [program for program in bed.programs if find_program(program) is None]
    if absent:
        return f"{bed.name}: needs the program {', '.join(absent)}"
    if bed.netns and os.geteuid() != 0:
        return f"{bed.name}: a network namespace of its own needs root"
    if (bed.requires or bed.npm) and not (environment_of(bed) / "installed").exists():
        return f"{bed.name}: not installed, run: python tests/e2e/install.py {bed.name}"
    return ""


def find_program(name: str) -> str | None:
    """Find a system program, daemons included; an absolute name may be a pattern."""
    if name.startswith("/"):
        return next((str(path) for path in sorted(Path("/").glob(name[1:]))), None)
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin")


def versions(bed: Bed, distributions: tuple[str, ...]) -> set[str]:
    """Read what is really installed in the bed's environment, without our own readers."""
    if bed.npm:
        packages = environment_of(bed) / "node_modules"
        return {json.loads((packages / name / "package.json").read_text())["version"] for name in distributions}
    site = [str(path) for path in environment_of(bed).glob("lib/python3*/site-packages")]
    wanted = {name.lower().replace("_", "-") for name in distributions}
    found = importlib.metadata.distributions(path=site)
    return {found.version for found in found if found.name.lower().replace("_", "-") in wanted}


def free_ports(count: int) -> tuple[int, ...]:
    """Pick free loopback ports, all different, below those the kernel hands out by itself."""
    found: list[int] = []
    while len(found) < count:
        port = next(_PORTS)
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                tried.bind(("127.0.0.1", port))
                found.append(port)
    return tuple(found)


def inside_network(pid: int | None, work: Callable[[], T]) -> T:
    """Run `work` in the network namespace of `pid`, in a thread that is thrown away."""
    if pid is None:
        return work()
    box: list[T] = []
    fault: list[BaseException] = []

    def enter() -> None:
        try:
            handle = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            try:
                if libc.setns(handle, CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            finally:
                os.close(handle)
            box.append(work())
        except BaseException as error:  # noqa: BLE001 - carried to the thread that asked
            fault.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if fault:
        raise fault[0]
    return box[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer, body cut at 256 KiB."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def ask(
    port: int,
    path: str,
    *,
    tls: bool = False,
    method: str = "GET",
    body: str | None = None,
    timeout: float = 5.0,
    **headers: str,
) -> Answer:
    """Send one request to a loopback port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    if tls:
        anyone = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=timeout, context=anyone)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body, headers={"Host": f"localhost:{port}", **named})
        answer = connection.getresponse()
        return Answer(status=answer.status, headers=tuple(answer.getheaders()), body=answer.read(262144))
    finally:
        connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A bed that is up."""

    bed: Bed
    place: Place
    keeper: subprocess.Popen[str]
    seconds: float
    """From the start until it answered."""

    @property
    def network(self) -> int | None:
        """A process in the bed's network namespace; None = ours."""
        return self.keeper.pid if self.bed.netns else None

    def pids(self) -> set[int]:
        """Every process of the bed, the keeper left out."""
        return descendants(self.keeper.pid)

    def ask(self, path: str, **more: str) -> Answer:
        """Ask the bed's first port, in the bed's namespace."""
        return inside_network(self.network, lambda: ask(self.place.port, path, tls=self.bed.tls, **more))


class NotReady(Exception):
    """The bed did not come up in its time; the message carries the end of its log."""


def place_of(bed: Bed, folder: Path) -> Place:
    """Make the bed's folder and pick its ports."""
    folder.mkdir(parents=True, exist_ok=True)
    return Place(folder=folder, venv=environment_of(bed), ports=bed.fixed_ports or free_ports(bed.ports))


def start(bed: Bed, folder: Path) -> Running:
    """Start a bed and wait until it answers."""
    place = place_of(bed, folder)
    if bed.prepare is not None:
        bed.prepare(place)
    keeper = subprocess.Popen(
        [sys.executable, str(HERE / "keeper.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    began = time.monotonic()
    try:
        hand_over(keeper, spec_of(bed, place))
        running = Running(bed=bed, place=place, keeper=keeper, seconds=0.0)
        wait_until_ready(running, began + bed.patience)
    except BaseException:
        stop(keeper)
        raise
    return Running(bed=bed, place=place, keeper=keeper, seconds=time.monotonic() - began)


def hand_over(keeper: subprocess.Popen[str], spec: dict[str, object]) -> None:
    """Tell the keeper what to start and wait until it has."""
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    keeper.stdin.write(json.dumps(spec) + "\n")
    keeper.stdin.flush()
    if keeper.stdout.readline() != "started\n":
        raise NotReady("the keeper failed")


def spec_of(bed: Bed, place: Place) -> dict[str, object]:
    """Write down for the keeper what to start."""
    home = place.folder / "home"
    home.mkdir(exist_ok=True)
    passing = place.folder / "tmp"
    passing.mkdir(exist_ok=True)
    kept = {key: os.environ[key] for key in ("LANG", "LC_ALL") if key in os.environ}
    path = f"{place.venv / 'bin'}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    env = {**kept, "PATH": path, "HOME": str(home), "TMPDIR": str(passing), "TERM": "xterm", **QUIET, **bed.env}
    return {
        "command": bed.command(place),
        "folder": str(place.folder),
        "env": {key: value.replace("{folder}", str(place.folder)) for key, value in env.items()},
        "log": str(place.folder / "log"),
        "netns": bed.netns,
        "pty": bed.pty,
        "stdin": bed.stdin,
    }


def wait_until_ready(running: Running, deadline: float) -> None:
    """Ask again and again until the bed answers, its process ends or its time is over."""
    while not is_ready(running):
        if time.monotonic() > deadline or not running.pids():
            log = (running.place.folder / "log").read_bytes()[-3000:].decode(errors="replace")
            raise NotReady(f"{running.bed.name} did not become ready:\n{log}")
        time.sleep(0.2)
    if running.bed.after_ready is not None:
        after = running.bed.after_ready
        inside_network(running.network, lambda: after(running.place))


def is_ready(running: Running) -> bool:
    """Tell whether the bed is up now."""
    bed = running.bed
    if bed.ready_file:
        return (running.place.folder / bed.ready_file).exists()
    if bed.ready_path:
        try:
            answer = running.ask(bed.ready_path)
            return answer.status < bed.ready_below and bed.ready_text.encode() in answer.body
        except (OSError, http.client.HTTPException):
            return False
    if bed.ready_connect:
        try:
            inside_network(
                running.network, lambda: socket.create_connection(("127.0.0.1", running.place.port), 1).close()
            )
        except OSError:
            return False
    return bool(running.pids())


def stop(keeper: subprocess.Popen[str]) -> None:
    """End a bed with all its processes."""
    keeper.terminate()
    try:
        keeper.wait(timeout=30)
    except subprocess.TimeoutExpired:
        keeper.kill()
        keeper.wait()
    for pipe in (keeper.stdin, keeper.stdout):
        if pipe is not None:
            pipe.close()


@contextmanager
def yard() -> Iterator[Path]:
    """Have a folder for beds that other users may enter; its name is short, as sockets lie in it."""
    with tempfile.TemporaryDirectory(prefix="bed-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def standing(bed: Bed, folder: Path) -> Iterator[Running]:
    """Have a bed up for the length of a `with` block."""
    running = start(bed, folder)
    try:
        yield running
    finally:
        stop(running.keeper)
