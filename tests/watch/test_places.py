"""Where files lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiguard_agent.core.facts import BlindKind
from aiguard_agent.watch.places import below, blind_of, nearest


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/models", True), ("/models/a/b", True), ("/models2/a", False), ("/", False), ("/srv/x", True)],
)
def test_below(path: str, expected: bool) -> None:
    """A folder and what lies in it, not one that only begins with the same letters."""
    assert below(path, ("/models", "/srv/")) is expected


def test_nearest(tmp_path: Path) -> None:
    """The folder itself, or the nearest above it; a file is no folder."""
    (tmp_path / "file").touch()

    assert nearest(str(tmp_path)) == str(tmp_path)
    assert nearest(f"{tmp_path}/no/where") == str(tmp_path)
    assert nearest(f"{tmp_path}/file") == str(tmp_path)


def test_blinds() -> None:
    """A refusal is denied, anything else unsupported."""
    assert blind_of("w", "x", PermissionError(1, "no")).kind is BlindKind.DENIED
    assert blind_of("w", "x", OSError(95, "not supported")).kind is BlindKind.UNSUPPORTED
