"""Files told by one mark on their filesystem."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aiguard_agent.core.facts import BlindKind
from aiguard_agent.core.hint import HintKind
from aiguard_agent.watch import fanotify
from aiguard_agent.watch.watchers.fanotify_files import WATCHER

pytestmark = pytest.mark.root


def told(source, wait, path: Path, *, gone: bool = False) -> None:
    hint = wait(source, lambda hint: hint.path == str(path) and hint.gone == gone)[-1]
    assert (hint.kind, hint.subject) == (HintKind.FILE, f"{path} gone" if gone else str(path))


def test_the_life_of_a_model_file(opened, wait, settings) -> None:
    """Written, overwritten, linked, moved and deleted: each is told with the path."""
    source = opened(WATCHER)
    store = Path(settings.stores[0])
    model, other, link = store / "a.gguf", store / "b.gguf", store / "c.gguf"

    model.write_bytes(b"GGUF")
    told(source, wait, model)
    model.write_bytes(b"GGUF again")
    told(source, wait, model)
    os.link(model, link)
    told(source, wait, link)
    model.rename(other)
    told(source, wait, other)
    other.unlink()
    told(source, wait, other, gone=True)


def test_a_model_anywhere_on_the_filesystem(opened, wait, tmp_path: Path) -> None:
    """A name that models carry is told outside the stores as well; another name is not."""
    source = opened(WATCHER)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/notes.txt").write_text("near miss")
    (tmp_path / "elsewhere/m.gguf").write_bytes(b"GGUF")

    hints = wait(source, lambda hint: hint.path.endswith("/elsewhere/m.gguf"))

    assert [hint.path for hint in hints if hint.path.endswith("notes.txt")] == []


def test_any_name_in_a_store(opened, wait, settings) -> None:
    """Stores name files by their digests, so in a store every name is told, in new folders too."""
    source = opened(WATCHER)
    blobs = Path(settings.stores[0]) / "blobs/deep"
    blobs.mkdir(parents=True)

    (blobs / "5e3f").write_bytes(b"x")

    told(source, wait, blobs / "5e3f")


def test_a_folder_moved_into_a_store(opened, wait, settings, tmp_path: Path) -> None:
    """A folder that is moved in is told by its own name, and what is written in it later by the new place."""
    source = opened(WATCHER)
    folder, target = tmp_path / "pulled", Path(settings.stores[0]) / "pulled"
    folder.mkdir()
    (folder / "x.gguf").write_bytes(b"GGUF")
    told(source, wait, folder / "x.gguf")

    folder.rename(target)
    told(source, wait, target)
    (target / "x.gguf").write_bytes(b"GGUF 2")
    told(source, wait, target / "x.gguf")


def test_an_overflow_is_a_lost_hint(opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """The event that ends a full queue is counted and told."""
    source = opened(WATCHER)
    event = fanotify._EVENT.pack(24, 3, 0, 24, fanotify.Q_OVERFLOW, -1, 0)
    answers = [event]

    def read(_fd: int, _size: int) -> bytes:
        if not answers:
            raise BlockingIOError
        return answers.pop()

    monkeypatch.setattr("aiguard_agent.watch.watchers.fanotify_files.os.read", read)
    hints = source.read()

    assert [hint.kind for hint in hints] == [HintKind.LOST]
    assert source.counters.lost == 1


def test_a_filesystem_without_handles_is_a_blind(opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be marked is said; the others are watched all the same."""
    mark = fanotify.mark_filesystem

    def refuse(group: int, path: str) -> None:
        if path == "/proc":
            raise OSError(95, "Operation not supported")
        mark(group, path)

    monkeypatch.setattr(fanotify, "mark_filesystem", refuse)

    source = opened(WATCHER, stores=("/proc",))

    assert source.words.endswith("filesystems marked")
    assert [(blind.subject, blind.reason) for blind in source.blinds()] == [
        ("filesystem of /proc", "Operation not supported")
    ]


def test_a_store_that_may_not_be_opened_is_a_blind(opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is refused is said, too."""
    real = os.open

    def refuse(path: str, flags: int) -> int:
        if path == str(tmp_path / "scratch"):
            raise PermissionError(13, "Permission denied")
        return real(path, flags)

    monkeypatch.setattr("aiguard_agent.watch.watchers.fanotify_files.os.open", refuse)

    source = opened(WATCHER)
    monkeypatch.undo()

    assert [blind.kind for blind in source.blinds()] == [BlindKind.DENIED]


def test_failing_half_way_leaves_nothing(host, settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """No room for a scratch folder: an error, and no descriptor stays."""

    def refuse(_chosen: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("aiguard_agent.watch.watchers.fanotify_files.scratch_folder", refuse)
    before = len(os.listdir("/proc/self/fd"))

    with pytest.raises(OSError):
        WATCHER.open(host, settings)

    assert len(os.listdir("/proc/self/fd")) == before


def test_no_filesystem_at_all_is_an_error(host, settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing marked there is no source."""

    def refuse(*_args: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fanotify, "mark_filesystem", refuse)

    with pytest.raises(OSError, match="no filesystem"):
        WATCHER.open(host, settings)


def test_without_rights_it_is_an_error_and_nothing_stays_open(host, settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark that is refused closes the group again."""

    def refuse(*_args: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(fanotify, "mark_filesystem", refuse)
    before = len(os.listdir("/proc/self/fd"))

    with pytest.raises(PermissionError):
        WATCHER.open(host, settings)

    assert len(os.listdir("/proc/self/fd")) == before
