"""One file that a format knows, and where it lies in the eyes of its users."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.facts import FileSeen

SNAPSHOT = re.compile(r"^(?P<cache>.*/)?models--(?P<repo>[^/]+)/snapshots/(?P<revision>[^/]+)(?P<rest>/.*)$")
"""A name in the Hugging Face hub cache: the bytes lie in `blobs/`, the names people use in `snapshots/`."""
DIGEST_NAME = re.compile(r"/blobs/(?:sha256[-:])?(?P<digest>[0-9a-f]{64})$")
SHARD = re.compile(r"^(?P<stem>.+?)[-._](?P<number>\d{5})-of-(?P<total>\d{5})(?P<ending>\.[A-Za-z0-9.]+)$")
"""`model-00001-of-00003.safetensors`, `llama-00002-of-00004.gguf`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A file that a format knows, with what its header says."""

    seen: FileSeen
    header: ModelHeader

    @property
    def path(self) -> str:
        """Host path, links resolved: what it is told apart by."""
        return self.seen.path


def places(seen: FileSeen) -> tuple[str, ...]:
    """Return the paths under which users see the file, sorted.

    Names of the hub cache count, since the blobs of all revisions share one folder. Other aliases do not: paths of
    two containers may look like one folder and are not.
    """
    return tuple(sorted(alias for alias in seen.aliases if SNAPSHOT.match(alias))) or (seen.path,)


def folder_and_name(path: str) -> tuple[str, str]:
    """Split a path at its last slash; "/" keeps the root."""
    folder, _, name = path.rpartition("/")
    return folder or "/", name


def stored_digest(seen: FileSeen) -> str:
    """Return the SHA-256 that was computed, or that a content-addressed store keeps the file under, or ""."""
    if seen.sha256:
        return seen.sha256
    return claimed_digest(seen.path)


def claimed_digest(path: str) -> str:
    """Return the SHA-256 that a content-addressed store keeps a file under, "" when its name is another."""
    match = DIGEST_NAME.search(path)
    return match["digest"] if match else ""
