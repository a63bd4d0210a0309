"""Model files below the stores by inotify, through `watchdog`: the fallback without privileges.

inotify needs a watch for every folder, so the number of folders is bounded, and what is beyond the bound is a Blind.
The filter of events is what keeps it usable: with all events, watchdog 7.1 hears its own walk, overflows the queue
and walks again, for ever (a quarter of a core at 20,000 folders, and blind; nothing at all with the filter).
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from aiguard_agent.core.facts import Blind, BlindKind
from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.watch.canary import make_file, scratch_folder
from aiguard_agent.watch.places import blind_of
from aiguard_agent.watch.watcher import Counters, Deed, Host, Settings, Watcher

NAME = "watchdog_files"
FILTER: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileClosedEvent,
    FileMovedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    FileDeletedEvent,
]
LOOK_AGAIN = 30.0
"""Seconds between two looks for stores that came or went."""
_QUEUE = 10_000
_LOGGER = logging.getLogger("watchdog.observers.inotify_c")
"""Where watchdog says that the kernel's queue ran over, and only there; its version 6 does not say it."""


class WatchdogFiles(FileSystemEventHandler, logging.Handler):
    """An observer, its threads, and the queue between them and us."""

    def __init__(self, settings: Settings) -> None:
        logging.Handler.__init__(self, logging.WARNING)
        self.counters = Counters()
        self._settings = settings
        self._events: deque[FileSystemEvent] = deque()
        self._overflow = False
        self._blinds: dict[str, Blind] = {}
        self._watched: dict[str, int] = {}
        """Store -> how many folders it has."""
        self._found: deque[str] = deque()
        self._stop = False
        self._worker: threading.Thread | None = None
        self._closed = False
        self._bell, self._scratch, self._remove = -1, "", False
        self._observer = Observer()
        _LOGGER.addHandler(self)
        try:
            self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
            self._scratch, self._remove = scratch_folder(settings.scratch)
            self._observer.start()
            self._observer.schedule(self, self._scratch, event_filter=FILTER)
        except OSError:
            self.close()
            raise
        self._next = time.monotonic()

    @property
    def words(self) -> str:
        """Return how many stores and folders are watched."""
        folders = tuple(self._watched.values())
        return f"{len(folders)} stores, {sum(folders)} folders"

    def dispatch(self, event: FileSystemEvent) -> None:
        """Queue one event; called by the observer's thread."""
        if len(self._events) >= _QUEUE:
            self._overflow = True
        else:
            self._events.append(event)
        self._ring()

    def emit(self, record: logging.LogRecord) -> None:
        """Notice the one line that says that events were lost."""
        if "overflow" in record.getMessage():
            self._overflow = True
            self._ring()

    def _ring(self) -> None:
        if self._bell >= 0 and not self._stop:
            os.eventfd_write(self._bell, 1)

    def fileno(self) -> int:
        """Return the bell that the observer's threads ring."""
        return self._bell

    def due(self) -> float:
        """Return when to look for stores that came or went."""
        return self._next

    def read(self) -> Sequence[Hint]:
        """Return what was queued."""
        now = time.monotonic()
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._bell)
        if not self._observer.is_alive():
            raise OSError(errno.EPIPE, "the observer's thread has ended")
        if now >= self._next:
            self._next = now + LOOK_AGAIN
            self._look_again()
        hints: list[Hint] = []
        if self._overflow:
            self._overflow = False
            self.counters.lost += 1
            hints.append(Hint(source=NAME, kind=HintKind.LOST, subject="inotify: the queue ran over", at=now))
        hints += [_hint(self._found.popleft(), now) for _ in range(len(self._found))]
        for _ in range(len(self._events)):
            self.counters.events += 1
            hints += hints_of(self._events.popleft(), now)
        return hints

    def _look_again(self) -> None:
        """Forget stores whose folder is gone, and have those watched that are there now."""
        for emitter in list(self._observer.emitters):
            if not emitter.is_alive():
                self._watched.pop(str(emitter.watch.path), None)
                self._observer.unschedule(emitter.watch)
        if self._worker is None or not self._worker.is_alive():
            waiting = [s for s in self._settings.stores if s not in self._watched and Path(s).is_dir()]
            if waiting:
                self._worker = threading.Thread(target=self._watch, args=(waiting,), name="aiguard-stores", daemon=True)
                self._worker.start()

    def _watch(self, stores: Sequence[str]) -> None:
        """Watch these stores; a thread of its own, for a large one takes seconds."""
        for store in stores:
            left = self._settings.directories - sum(self._watched.values())
            folders = self._count(store, left)
            if self._stop:
                return
            if folders > left:
                reason = f"more folders than the {self._settings.directories} that may be watched"
                self._blinds[store] = Blind(collector=NAME, subject=store, reason=reason, kind=BlindKind.BUDGET)
                continue
            try:
                self._observer.schedule(self, store, recursive=True, event_filter=FILTER)
            except OSError as error:
                self._blinds[store] = blind_of(NAME, store, error)
                continue
            self._blinds.pop(store, None)
            self._watched[store] = folders
            self._found.append(store)
            self._ring()

    def _count(self, store: str, limit: int) -> int:
        """Count folders, up to a little more than `limit`."""
        count = 0
        for _ in os.walk(store):
            count += 1
            if count > limit or self._stop:
                break
        return count

    def hear(self, hints: Sequence[Hint]) -> None:
        """Nobody can tell it anything."""

    def blinds(self) -> tuple[Blind, ...]:
        """Return the stores that are too large or denied."""
        return tuple(self._blinds.values())

    def canary(self) -> Deed:
        """Make a file in a folder of our own, which is watched like a store."""
        return make_file(self._scratch)

    def close(self) -> None:
        """Stop the threads and give the watches back."""
        if self._closed:
            return
        self._closed = self._stop = True
        _LOGGER.removeHandler(self)
        logging.Handler.close(self)
        if self._worker is not None:
            self._worker.join()
        self._observer.stop()  # its inotify thread runs since it was made, started or not
        if self._observer.is_alive():
            self._observer.join()
        bell, self._bell = self._bell, -1
        with contextlib.suppress(OSError):
            os.close(bell)
        if self._remove:
            shutil.rmtree(self._scratch, ignore_errors=True)


def _hint(path: str, now: float, *, gone: bool = False) -> Hint:
    subject = f"{path} gone" if gone else path
    return Hint(source=NAME, kind=HintKind.FILE, subject=subject, at=now, gone=gone, path=path)


def hints_of(event: FileSystemEvent, now: float) -> list[Hint]:
    """Return what one event hints at; a move is two."""
    source, target = os.fsdecode(event.src_path), os.fsdecode(event.dest_path)
    if isinstance(event, DirCreatedEvent):
        return []  # what is made in a new folder tells of itself
    if isinstance(event, FileMovedEvent | DirMovedEvent):
        return [_hint(source, now, gone=True)] * bool(source) + [_hint(target, now)] * bool(target)
    return [_hint(source, now, gone=isinstance(event, FileDeletedEvent))] if source else []


def parse(data: bytes, now: float) -> tuple[Hint, ...]:
    """Return the hint of one name; inotify's own bytes are read by watchdog."""
    path = os.fsdecode(data)
    return (_hint(path, now),) if path else ()


def _open(host: Host, settings: Settings) -> WatchdogFiles:
    if not host.live:
        raise OSError(errno.EOPNOTSUPP, "a recorded host has no events")
    return WatchdogFiles(settings)


WATCHER = Watcher(
    name=NAME,
    help="model files written, moved or deleted in the stores, by inotify: a watch for every folder",
    ranks={HintKind.FILE: 10},
    loses="when inotify's queue of 16,384 events runs over; watchdog 7 says so in its log, watchdog 6 does not",
    parse=parse,
    open=_open,
)
