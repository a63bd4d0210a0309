"""Files told by inotify, without any privilege."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

import pytest
from watchdog.events import DirCreatedEvent, DirMovedEvent, FileClosedEvent, FileDeletedEvent, FileMovedEvent

from aiguard_agent.core.facts import BlindKind
from aiguard_agent.core.hint import HintKind
from aiguard_agent.watch.watchers import watchdog_files
from aiguard_agent.watch.watchers.watchdog_files import FILTER, WATCHER, hints_of


def told(source, wait, path: Path, *, gone: bool = False) -> None:
    hint = wait(source, lambda hint: hint.path == str(path) and hint.gone == gone)[-1]
    assert (hint.kind, hint.subject) == (HintKind.FILE, f"{path} gone" if gone else str(path))


def test_the_life_of_a_model_file(opened, wait, settings) -> None:
    """Written, overwritten, moved and deleted: each is told with the path, in new folders too."""
    source = opened(WATCHER)
    store = Path(settings.stores[0])
    told(source, wait, store)
    (store / "blobs").mkdir()
    model, other = store / "blobs/a.gguf", store / "b.gguf"

    model.write_bytes(b"GGUF")
    told(source, wait, model)
    model.write_bytes(b"GGUF again")
    told(source, wait, model)
    model.rename(other)
    told(source, wait, other)
    other.unlink()
    told(source, wait, other, gone=True)
    assert source.words == "1 stores, 1 folders"


def test_a_store_that_comes_later(opened, wait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is made after the start is found at a later look, and told."""
    monkeypatch.setattr(watchdog_files, "LOOK_AGAIN", 0.05)
    source = opened(WATCHER, stores=(str(tmp_path / "later"),))
    source.read()

    (tmp_path / "later").mkdir()

    told(source, wait, tmp_path / "later")


def test_too_many_folders_are_a_blind(opened, settings, wait) -> None:
    """A store with more folders than may be watched is not watched in part but said."""
    store = Path(settings.stores[0])
    for number in range(4):
        (store / str(number)).mkdir()
    source = opened(WATCHER, directories=3)
    source.read()
    source._worker.join()

    blinds = source.blinds()

    assert [(blind.subject, blind.kind) for blind in blinds] == [(str(store), BlindKind.BUDGET)]
    assert source.words == "0 stores, 0 folders"


def test_reading_is_never_watched() -> None:
    """The filter asks for nothing that opening or reading a file sets off: watchdog's own walk would feed itself."""
    names = {one.__name__ for one in FILTER}

    assert {"FileOpenedEvent", "FileClosedNoWriteEvent", "DirModifiedEvent", "FileModifiedEvent"} & names == set()
    assert "FileClosedEvent" in names


def test_an_overflow_is_a_lost_hint(opened) -> None:
    """Watchdog tells an overflow in its log alone; it is counted and told."""
    source = opened(WATCHER)
    logger = logging.getLogger("watchdog.observers.inotify_c")

    logger.warning("Inotify queue overflowed; filesystem events were lost")
    hints = source.read()

    assert [hint.kind for hint in hints] == [HintKind.LOST]
    assert source.counters.lost == 1


def test_the_words_of_an_overflow_are_watchdogs_own() -> None:
    """The installed watchdog still says it with these words, by this logger."""
    import watchdog.observers.inotify_c as module

    text = Path(module.__file__).read_text()

    assert "queue overflowed" in text
    assert "logging.getLogger(__name__)" in text


def test_our_own_queue_is_bounded(opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """More events than the queue holds are a lost hint, not memory."""
    monkeypatch.setattr(watchdog_files, "_QUEUE", 2)
    source = opened(WATCHER)
    source.read()

    for number in range(5):
        source.dispatch(FileClosedEvent(f"/x/{number}"))
    hints = source.read()

    assert [hint.kind for hint in hints] == [HintKind.LOST, HintKind.FILE, HintKind.FILE]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (FileClosedEvent("/s/a"), ["/s/a"]),
        (FileMovedEvent("/s/a", "/s/b"), ["/s/a gone", "/s/b"]),
        (DirMovedEvent("", "/s/d"), ["/s/d"]),
        (DirCreatedEvent("/s/d"), []),
        (FileDeletedEvent("/s/a"), ["/s/a gone"]),
        (FileClosedEvent(b"/s/\xff"), ["/s/\udcff"]),
    ],
)
def test_events_become_hints(event, expected: list[str]) -> None:
    """A move is two hints, a new folder none, any bytes survive."""
    assert [hint.subject for hint in hints_of(event, 1.0)] == expected


def test_an_observer_that_ended_is_an_error(opened) -> None:
    """A source whose thread is gone raises, so that it is opened again."""
    source = opened(WATCHER)
    source._observer.stop()
    source._observer.join()

    with pytest.raises(OSError, match="thread has ended"):
        source.read()


@pytest.mark.parametrize("call", ["eventfd", "scratch_folder"])
def test_failing_half_way_leaves_nothing(host, settings, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """Out of descriptors in the middle of opening: an error, and no thread, descriptor or folder stays."""

    def refuse(*_args: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(watchdog_files.os if call == "eventfd" else watchdog_files, call, refuse)
    before = set(threading.enumerate()), len(os.listdir("/proc/self/fd"))

    with pytest.raises(OSError, match="Too many open files"):
        WATCHER.open(host, settings)

    assert (set(threading.enumerate()), len(os.listdir("/proc/self/fd"))) == before


def test_closing_leaves_no_thread(host, settings) -> None:
    """All threads end with the source."""
    before = set(threading.enumerate())
    source = WATCHER.open(host, settings)
    source.read()

    source.close()

    assert set(threading.enumerate()) == before
    assert Path(settings.scratch).is_dir()
