"""Ordinary programs, real scans: none of them is taken for AI."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from beds.bed import Bed
from catalogue import ORDINARY
from crowd import Crowd, crowd, selected
from scanning import scan, servers_of, shown

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Ordinary programs up, and scanned."""

    crowd: Crowd
    document: dict[str, Any]


@pytest.fixture(scope="module")
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    with crowd(selected(request, ORDINARY)) as standing:
        yield Scene(crowd=standing, document=scan())


@pytest.mark.parametrize("bed", ORDINARY, ids=lambda bed: bed.name)
def test_an_ordinary_program_is_no_ai_server(scene: Scene, bed: Bed) -> None:
    """A web server, a database, a plain app, a grep or an editor is never named an AI server."""
    pids = scene.crowd.get(bed).pids()

    ours = servers_of(scene.document, pids)

    assert pids
    assert ours == [], shown(ours)
