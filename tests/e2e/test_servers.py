"""Real servers, real scans: each is named right, with its version, its grade and its model."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from beds.bed import Bed, Truth
from catalogue import SERVERS
from crowd import Crowd, crowd, selected
from ground import Running, versions
from scanning import scan, servers_of, shown

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

EVERY_BED = pytest.mark.parametrize("bed", SERVERS, ids=lambda bed: bed.name)


def truths(wanted: Callable[[Truth], object]) -> pytest.MarkDecorator:
    """Parametrize over the truths that a test is about: one that says nothing of it is not a test."""
    found = [
        pytest.param(bed, truth, id=f"{bed.name}-{truth.product}")
        for bed in SERVERS
        for truth in bed.truths
        if wanted(truth)
    ]
    assert found
    return pytest.mark.parametrize(("bed", "truth"), found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All beds up, scanned twice: asking them, and without a question."""

    crowd: Crowd
    asked: dict[str, Any]
    unasked: dict[str, Any]

    def server(self, bed: Bed, truth: Truth) -> tuple[Running, dict[str, Any]]:
        """Find the one server that the truth is about."""
        running = self.crowd.get(bed)
        ours = servers_of(self.asked, running.pids())
        named = [server for server in ours if server["product"] == truth.product]
        assert len(named) == 1, shown(ours)
        return running, named[0]


@pytest.fixture(scope="module")
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    with crowd(selected(request, SERVERS)) as standing:
        yield Scene(crowd=standing, asked=scan(), unasked=scan("--no-probe"))


@EVERY_BED
def test_every_real_server_is_named_and_counted_once(scene: Scene, bed: Bed) -> None:
    """The servers seen in the bed's processes are the true ones, workers and children folded in."""
    running = scene.crowd.get(bed)

    ours = servers_of(scene.asked, running.pids())

    assert sorted(truth.product for truth in bed.truths) == sorted(server["product"] for server in ours), shown(ours)


@EVERY_BED
def test_every_real_server_is_named_without_a_question(scene: Scene, bed: Bed) -> None:
    """With --no-probe the processes alone give a server its name; where they say nothing it is not misnamed."""
    running = scene.crowd.get(bed)

    ours = servers_of(scene.unasked, running.pids())

    named = sorted(server["product"] for server in ours)
    right = [sorted(truth.product for truth in bed.truths)]
    assert named in (right + [[]] if bed.silent else right), shown(ours)


@truths(lambda truth: truth.distributions)
def test_the_version_is_the_installed_one(scene: Scene, bed: Bed, truth: Truth) -> None:
    """The version told is that of the package in the server's own environment."""
    _, server = scene.server(bed, truth)

    installed = versions(bed, truth.distributions)

    assert installed
    assert server["version"] in installed, shown([server])


@truths(lambda truth: truth.auth)
def test_the_open_door_is_graded(scene: Scene, bed: Bed, truth: Truth) -> None:
    """The grade says how open the server really is."""
    _, server = scene.server(bed, truth)

    assert server["auth"]["state"] in truth.auth, shown([server])


@truths(lambda _truth: True)
def test_the_listener_is_told_with_its_scope(scene: Scene, bed: Bed, truth: Truth) -> None:
    """The address the server answers on is reported with its reach; a stdio server has none."""
    running, server = scene.server(bed, truth)

    heard = {(listener["port"], listener["scope"]) for listener in server["listeners"]}

    if truth.listens:
        assert (truth.port or running.place.port, truth.scope) in heard, shown([server])
    else:
        assert not heard


@truths(lambda truth: truth.model)
def test_the_model_file_is_linked_where_the_kernel_shows_it(scene: Scene, bed: Bed, truth: Truth) -> None:
    """A mapped model, alone or as part of its bundle, is listed as held by its server, and under its server."""
    running, server = scene.server(bed, truth)

    path = str(running.place.folder / truth.model)
    models = [model for model in scene.asked["models"] if path in (model["path"], *model["files"])]
    assert len(models) == 1, [model["path"] for model in scene.asked["models"]]
    assert running.pids() & set(models[0]["held_by"])
    assert models[0]["id"] in {model["id"] for model in server["models"]}, shown([server])


@EVERY_BED
def test_a_scan_leaves_the_server_as_it_was(scene: Scene, bed: Bed) -> None:
    """After both scans the server is up and answers."""
    running = scene.crowd.get(bed)

    assert running.pids()
    if bed.ready_path:
        assert running.ask(bed.ready_path).status < 500
