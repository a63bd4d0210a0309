"""Where files lie, for watchers of files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from aiguard_agent.core.facts import Blind, BlindKind


def below(path: str, folders: Iterable[str]) -> bool:
    """Tell whether a path lies in one of these folders, or is one; by its letters alone."""
    return any(path == folder or path.startswith(f"{folder.rstrip('/')}/") for folder in folders)


def nearest(place: str) -> str:
    """Return the folder itself, or the nearest one above it that exists."""
    path = Path(place)
    while not path.is_dir() and path != path.parent:
        path = path.parent
    return str(path)


def blind_of(watcher: str, subject: str, error: OSError) -> Blind:
    """Turn an error into the Blind that tells it."""
    kind = BlindKind.DENIED if isinstance(error, PermissionError) else BlindKind.UNSUPPORTED
    return Blind(collector=watcher, subject=subject, reason=error.strerror or str(error), kind=kind)
