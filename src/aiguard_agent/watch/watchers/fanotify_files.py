"""Model files that are written, moved, linked or deleted anywhere on a filesystem: one mark for any number of folders.

Nothing is asked of whoever reads files, no file is opened, and no descriptor of one is handed to us. A directory
comes as a handle; where it lies is looked up once and kept until a directory of that filesystem is moved.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from aiguard_agent.core.facts import Blind
from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.watch import fanotify
from aiguard_agent.watch.canary import make_file, scratch_folder
from aiguard_agent.watch.fanotify import MOVED_FROM, MOVED_TO, ONDIR, Q_OVERFLOW, Change
from aiguard_agent.watch.places import below, blind_of, nearest
from aiguard_agent.watch.watcher import Counters, Deed, Host, Settings, Watcher

_CHUNK = 1 << 16
_AT_ONCE = 16
_KEPT = 4096
"""Directories whose place is kept."""


class FanotifyFiles:
    """One group with one mark on every filesystem that holds a store."""

    def __init__(self, settings: Settings) -> None:
        self.counters = Counters()
        self._stores = settings.stores
        self._may_be_model = settings.may_be_model
        self._mounts: dict[bytes, int] = {}
        """Filesystem id -> a descriptor on it, to look handles up with."""
        self._places: dict[tuple[bytes, bytes], str] = {}
        self._blinds: list[Blind] = []
        self._group, self._scratch, self._remove = -1, "", False
        try:
            self._group = fanotify.open_group()
            self._scratch, self._remove = scratch_folder(settings.scratch)
            for place in ("/", *self._stores, self._scratch):
                self._mark(place)
            _check(self._mounts)
        except OSError:
            self.close()
            raise
        self.words = f"{len(self._mounts)} filesystems marked"

    def _mark(self, place: str) -> None:
        """Mark the filesystem of a place unless it is; one that does not exist yet counts where it will lie."""
        try:
            mount = os.open(nearest(place), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            self._blinds.append(blind_of(fanotify.NAME, place, error))
            return
        filesystem = os.fstatvfs(mount).f_fsid.to_bytes(8, "little", signed=False)
        try:
            if filesystem in self._mounts:
                os.close(mount)
                return
            fanotify.mark_filesystem(self._group, nearest(place))
        except OSError as error:
            os.close(mount)
            if error.errno in (errno.EPERM, errno.EBADF):
                raise
            self._blinds.append(blind_of(fanotify.NAME, f"filesystem of {place}", error))
            return
        self._mounts[filesystem] = mount

    def fileno(self) -> int:
        """Return the group."""
        return self._group

    def due(self) -> float | None:
        """It speaks for itself."""
        return None

    def read(self) -> Sequence[Hint]:
        """Return the names that may be models, with the folders they lie in."""
        now = time.monotonic()
        hints: list[Hint] = []
        for _ in range(_AT_ONCE):
            try:
                data = os.read(self._group, _CHUNK)
            except BlockingIOError:
                break
            for change in fanotify.changes_of(data):
                self.counters.events += 1
                hint = self._hint(change, now)
                if hint is not None:
                    hints.append(hint)
        return hints

    def _hint(self, change: Change, now: float) -> Hint | None:
        """Return the hint of one change, None for what cannot be a model."""
        if change.mask & Q_OVERFLOW:
            self.counters.lost += 1
            self._places.clear()
            return fanotify.overflow(now)
        if change.mask & ONDIR:
            if not change.mask & (MOVED_FROM | MOVED_TO):
                return None  # what is made in a new folder tells of itself
            self._places.clear()
        folder = self._place(change)
        if folder is None:
            return None
        name = os.fsdecode(change.name)
        path = f"{folder.rstrip('/')}/{name}"
        if below(path, self._stores) or (not change.mask & ONDIR and self._may_be_model(name)):
            return fanotify.hint_of(change, path, now)
        return None

    def _place(self, change: Change) -> str | None:
        """Return where a directory lies; None when it is gone already, or on a filesystem of somebody else."""
        key = (change.filesystem, change.handle)
        place = self._places.get(key)
        if place is None:
            mount = self._mounts.get(change.filesystem)
            if mount is None:
                return None
            try:
                place = fanotify.path_of(mount, change.handle)
            except OSError:
                return None
            if len(self._places) >= _KEPT:
                self._places.clear()
            self._places[key] = place
        return place

    def hear(self, hints: Sequence[Hint]) -> None:
        """Nobody can tell it anything."""

    def blinds(self) -> tuple[Blind, ...]:
        """Return the filesystems that could not be marked (network and user-space ones, mostly)."""
        return tuple(self._blinds)

    def canary(self) -> Deed:
        """Make a file in a folder of our own."""
        return make_file(self._scratch)

    def close(self) -> None:
        """Close the group, which takes its marks along."""
        for fd in (self._group, *self._mounts.values()):
            with contextlib.suppress(OSError):
                os.close(fd)
        self._group = -1
        self._mounts.clear()
        if self._remove:
            shutil.rmtree(Path(self._scratch), ignore_errors=True)


def _check(mounts: Mapping[bytes, int]) -> None:
    if not mounts:
        raise OSError(errno.EOPNOTSUPP, "no filesystem with a model store can be marked")


def _open(host: Host, settings: Settings) -> FanotifyFiles:
    if not host.live:
        raise OSError(errno.EOPNOTSUPP, "a recorded host has no events")
    return FanotifyFiles(settings)


WATCHER = Watcher(
    name=fanotify.NAME,
    help="model files written, moved, linked or deleted, from one mark on each filesystem",
    ranks={HintKind.FILE: 30},
    needs=("CAP_SYS_ADMIN", "CAP_DAC_READ_SEARCH"),
    kernel=(5, 9),
    loses="when the kernel's queue of 16,384 events runs over; the queue then ends with an event that says so",
    parse=fanotify.parse,
    open=_open,
)
