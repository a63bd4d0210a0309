"""Model servers in containers, namespaces and units: found, asked where they live, tied to the host."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import debian
import pytest
from beds import llama_cpp_python, llama_cpp_python_network
from ground import find_program, free_ports, missing, standing, versions, yard
from machines import IMAGE, booted, engine
from scanning import scan, servers_of, shown

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.timeout(600)]

PLACES = ("docker-network-none", "docker-network-host", "network-namespace", "systemd-unit")
EVERY_PLACE = pytest.mark.parametrize("place", PLACES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lodger:
    """One model server and where it lives."""

    pid: int
    port: int
    model: Path
    """Its model as the host names it."""
    container: str = ""
    name: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The same model server in four places, scanned once."""

    lodgers: dict[str, Lodger]
    document: dict[str, Any]

    def server(self, place: str) -> dict[str, Any]:
        """Find the one server of a place."""
        lodger = self.lodgers[place]
        found = servers_of(self.document, {lodger.pid})
        assert len(found) == 1, f"{place}: pid {lodger.pid}: {shown(self.document['servers'])}"
        return found[0]


def why_not() -> str:
    """Say why these servers cannot live here; empty when they can."""
    absent = [name for name in ("docker", "dockerd", "systemd-nspawn") if find_program(name) is None]
    if absent:
        return f"needs the programs {', '.join(absent)}"
    if why := debian.missing():
        return why
    return missing(llama_cpp_python_network.BED) or (
        "" if debian.is_there() else "run: python tests/e2e/install.py debian"
    )


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    if why := why_not():
        pytest.skip(why)
    with ExitStack() as stack:
        folder = stack.enter_context(yard())
        docker = stack.enter_context(engine(folder / "docker"))
        lodgers = {}

        number, pid = docker.run("llama-none", 8000, debian.MODEL, "--network=none")
        inside = Path(f"/proc/{pid}/root{debian.MODEL}")
        lodgers["docker-network-none"] = Lodger(pid=pid, port=8000, model=inside, container=number, name="llama-none")

        mounted = folder / "models" / "mounted-llama.gguf"
        mounted.parent.mkdir()
        shutil.copyfile(inside, mounted)
        port = free_ports(1)[0]
        share = ("--network=host", f"--volume={mounted.parent}:/models:ro")
        number, pid = docker.run("llama-host", port, "/models/mounted-llama.gguf", *share)
        lodgers["docker-network-host"] = Lodger(pid=pid, port=port, model=mounted, container=number, name="llama-host")

        running = stack.enter_context(standing(llama_cpp_python_network.BED, folder / "namespace"))
        model = running.place.folder / llama_cpp_python.MODEL
        lodgers["network-namespace"] = Lodger(pid=min(running.pids()), port=running.place.port, model=model)

        pid, root = stack.enter_context(booted(folder / "machine"))
        model = root / debian.MODEL[1:]
        lodgers["systemd-unit"] = Lodger(pid=pid, port=debian.PORT, model=model, unit="tiny-llama.service")

        yield Scene(lodgers=lodgers, document=scan())


@EVERY_PLACE
def test_the_server_is_named_wherever_it_lives(scene: Scene, place: str) -> None:
    """A server in a container, a namespace or a unit is found and named."""
    assert scene.server(place)["product"] == "llama-cpp-python"


@EVERY_PLACE
def test_the_version_is_read_from_its_own_root(scene: Scene, place: str) -> None:
    """The version comes from the packages of the root that the server runs in."""
    installed = versions(llama_cpp_python.BED, ("llama-cpp-python",))

    assert scene.server(place)["version"] in installed


@EVERY_PLACE
def test_it_is_asked_inside_its_own_network(scene: Scene, place: str) -> None:
    """The open door is seen though the port exists in no network but its own."""
    server = scene.server(place)

    assert server["auth"]["state"] == "none", shown([server])
    assert (scene.lodgers[place].port, "loopback") in {(heard["port"], heard["scope"]) for heard in server["listeners"]}


@EVERY_PLACE
def test_the_model_is_a_file_of_the_host(scene: Scene, place: str) -> None:
    """The mapped model is told by a path that opens on the host and is the very file."""
    server = scene.server(place)

    paths = [Path(model["path"]) for model in server["models"] if model["path"]]

    assert any(path.is_file() and path.samefile(scene.lodgers[place].model) for path in paths), shown([server])
    assert not any(path.is_relative_to("/proc") for path in paths), shown([server])


@pytest.mark.parametrize("place", ["docker-network-none", "docker-network-host"])
def test_the_container_and_its_image_are_named(scene: Scene, place: str) -> None:
    """A server in Docker carries the id and the name of its container and the image it came from."""
    container = scene.server(place)["container"]

    assert container["id"] == scene.lodgers[place].container
    assert container["runtime"] == "docker"
    assert container["name"] == scene.lodgers[place].name
    assert container["image"] == IMAGE


@pytest.mark.parametrize("place", ["network-namespace", "systemd-unit"])
def test_no_container_is_invented(scene: Scene, place: str) -> None:
    """A server in a bare namespace or a unit is not said to be in a Docker container."""
    assert not (scene.server(place)["container"] or {}).get("runtime")


def test_the_unit_is_named(scene: Scene) -> None:
    """A server that systemd runs carries the name of its unit."""
    assert scene.server("systemd-unit")["unit"] == scene.lodgers["systemd-unit"].unit
