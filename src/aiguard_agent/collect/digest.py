"""Whole-file SHA-256, remembered by what makes a file itself: device, inode, size, mtime and ctime."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from aiguard_agent.collect.foreign import open_seen
from aiguard_agent.collect.host import Host
from aiguard_agent.core.facts import FileSeen
from aiguard_agent.errors import BudgetExceeded

SMALL = 1 << 20
"""Bytes up to which a model file is hashed without being asked to."""
CHUNK = 4 << 20
ENTRIES = 100_000
"""Digests that the cache file keeps at most, the newest ones."""


class Digests:
    """Digests computed so far; `path` keeps them between runs (a JSON object, mode 0600)."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known: dict[str, str] = _read(path) if path else {}
        self._changed = False

    def known(self, seen: FileSeen) -> str:
        """Return the digest if this very file was hashed before, else ""."""
        return self._known.get(_key(seen), "")

    def of(self, host: Host, seen: FileSeen, progress: Callable[[int], None] = lambda _bytes: None) -> str:
        """Return the digest, reading the whole file when it is not known; raises OSError, BudgetExceeded.

        A file that changes while it is read gives BudgetExceeded: its digest would be of no file that ever was.
        """
        if known := self.known(seen):
            return known
        with open_seen(host, seen, budget=seen.size) as reader:
            digest, offset = hashlib.sha256(), 0
            while chunk := reader.read_at(offset, CHUNK):
                digest.update(chunk)
                offset += len(chunk)
                progress(len(chunk))
            reader.forget(offset)
            if reader.changed():
                raise BudgetExceeded("the file changed while it was read")
        self._known[_key(seen)] = digest.hexdigest()
        self._changed = True
        return digest.hexdigest()

    def save(self) -> None:
        """Write the cache file, whole or not at all; raises OSError."""
        if self._path is None or not self._changed:
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        keep = dict(list(self._known.items())[-ENTRIES:])
        draft = self._path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(msgspec.json.encode(keep))
        draft.replace(self._path)
        self._changed = False


def _key(seen: FileSeen) -> str:
    return f"{seen.dev}:{seen.inode}:{seen.size}:{seen.mtime_ns}:{seen.ctime_ns}"


def _read(path: Path) -> dict[str, str]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError):
        return {}  # a cache: what cannot be read is computed again
