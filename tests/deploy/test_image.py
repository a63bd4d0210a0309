"""The image: built from the package, run as docs/install.md says, beside a model server in another container."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import debian
import pytest
from ground import find_program, yard
from machines import Engine, engine, wait_for
from package import REPOSITORY, build

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.timeout(600)]

AGENT = "aiguard/agent:test"
BASE = "aiguard/base:test"
HEAVY = ("./srv", "./var/lib/apt", "./var/cache", "./usr/share/doc", "./usr/share/locale", "./usr/share/zoneinfo")
"""What the base does without, to be copied the faster."""
INSTALL = REPOSITORY / "docs" / "install.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the agent in its container said, and how it ended."""

    status: dict[str, Any]
    servers: list[dict[str, Any]]
    container: str
    """Id of the model server's container."""
    code: int
    log: str


def options() -> list[str]:
    """Read the options of `docker run` from the page, without those that a test must choose itself."""
    text = INSTALL.read_text().partition("docker run ")[2].partition(" aiguard-agent:0.1.0\n")[0]
    words = text.replace("\\\n", " ").split()
    for own in ("--name", "--restart"):
        at = words.index(own)
        del words[at : at + 2]
    return words


def image(docker: Engine, folder: Path) -> None:
    """Build the image on the Debian root, which has Python: nothing comes from the net."""
    root, slim = folder / "root", folder / "slim.tar"
    root.mkdir()
    debian.run("tar", "-C", str(root), "-xf", str(debian.archive()), *(f"--exclude={path}" for path in HEAVY))
    debian.run("tar", "-C", str(root), "-cf", str(slim), ".")
    docker.docker("import", str(slim), BASE)
    package = build(folder / "context", "0.1.0", "3.11")
    given = (f"--build-arg=BASE={BASE}", f"--build-arg=PACKAGE={package.name}", f"--tag={AGENT}")
    file = f"--file={REPOSITORY / 'deploy' / 'container' / 'Containerfile'}"
    docker.docker("build", "--network=none", file, *given, str(package.parent))


def ask(docker: Engine, *words: str) -> dict[str, Any]:
    """Ask the agent in its container; an exit code 1 is an answer too."""
    command = [str(find_program("docker")), "--host", f"unix://{docker.folder / 'docker.sock'}", "exec", "agent"]
    done = subprocess.run(
        [*command, "aiguard-agent", *words, "--format", "json"], capture_output=True, text=True, timeout=60, check=False
    )
    answer: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
    return answer


def fitted(word: str, folder: Path) -> str:
    """Keep the state in a folder of the test, and ask for no propagation that the root of this machine has not."""
    if word.startswith("/var/lib/aiguard-agent:"):
        return f"{folder / 'state'}:/var/lib/aiguard-agent"
    lines = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    shared = any(fields[4] == "/" and fields[6].startswith(("shared", "master")) for fields in lines)
    return word if shared else word.removesuffix(",rslave")


@contextmanager
def memory(folder: Path) -> Iterator[Path]:
    """Have a folder in memory: the engine copies a whole root for every step of a build."""
    folder.mkdir()
    debian.run("mount", "-t", "tmpfs", "-o", "size=8g", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        debian.run("umount", "--lazy", str(folder))


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    absent = [name for name in ("docker", "dockerd", "dpkg-deb") if find_program(name) is None]
    if absent:
        pytest.skip(f"needs the programs {', '.join(absent)}")
    if why := debian.missing() or ("" if debian.is_there() else "run: python tests/e2e/install.py debian"):
        pytest.skip(why)
    with yard() as folder, memory(folder / "fast") as fast, engine(fast / "docker") as docker:
        image(docker, folder)
        container, _ = docker.run("llama", debian.PORT, debian.MODEL, "--network=none")
        words = [fitted(word, folder) for word in options()]
        docker.docker("run", "--name=agent", *words, AGENT)
        wait_for("the agent's first look", lambda: ask(docker, "status").get("servers", 0) > 0)
        status = ask(docker, "status")
        servers = ask(docker, "scan", "--no-stores").get("servers", [])
        docker.docker("stop", "--time=20", "agent")
        code = int(docker.docker("inspect", "--format={{.State.ExitCode}}", "agent"))
        yield Seen(status=status, servers=servers, container=container, code=code, log=docker.docker("logs", "agent"))


def test_it_runs_with_a_read_only_root(seen: Seen) -> None:
    """With the options of the page the agent is up and its ledger is on disk and well."""
    assert "--read-only" in options()
    assert seen.status["ledger"]["durable"] is True
    assert seen.status["ledger"]["health"] == ""


def test_it_finds_a_server_in_another_container(seen: Seen) -> None:
    """The model server in a container without any network is found, asked, and tied to its container."""
    found = [one for one in seen.servers if (one["container"] or {}).get("id") == seen.container]

    assert [one["product"] for one in found] == ["llama-cpp-python"]
    assert found[0]["auth"]["state"] == "none"


def test_its_live_sources_work_in_the_container(seen: Seen) -> None:
    """Listening sockets, processes and files are watched live: the container is given what they need."""
    up = {source["name"] for source in seen.status["sources"] if source["up"]}

    assert {"listen_diff", "proc_connector", "fanotify_files"} <= up, seen.status["sources"]


def test_it_stops_in_order(seen: Seen) -> None:
    """`docker stop` ends it cleanly: exit code 0."""
    assert seen.code == 0, seen.log
