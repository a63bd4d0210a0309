"""Bytes of fanotify, and its calls as far as they need no rights."""

from __future__ import annotations

import os
import struct

import pytest

from aiguard_agent.core.hint import HintKind
from aiguard_agent.watch import fanotify
from aiguard_agent.watch.fanotify import (
    CLOSE_WRITE,
    CREATE,
    DELETE,
    MOVED_FROM,
    Q_OVERFLOW,
    Change,
    changes_of,
    gone,
    mark_filesystem,
    parse,
    path_of,
)

HANDLE = struct.pack("=Ii", 8, 1) + b"handle!!"


def record(name: bytes = b"a.gguf", kind: int = 2, handle: bytes = HANDLE) -> bytes:
    body = b"fsid-is8" + handle + name + b"\0"
    body += bytes(-(4 + len(body)) % 4)
    return struct.pack("=BBH", kind, 0, 4 + len(body)) + body


def event(mask: int, *records: bytes, length: int | None = None) -> bytes:
    data = b"".join(records)
    return fanotify._EVENT.pack(24 + len(data) if length is None else length, 3, 0, 24, mask, -1, 0) + data


def test_a_named_change() -> None:
    """An event has the filesystem, the directory's handle and the name."""
    assert changes_of(event(CLOSE_WRITE, record())) == [Change(CLOSE_WRITE, b"fsid-is8", HANDLE, b"a.gguf")]


def test_several_events() -> None:
    """All events of one read are read; records of other types are passed over."""
    data = event(CREATE, record(kind=1), record(b"x")) + event(DELETE, record(b"y"))

    assert [(change.mask, change.name) for change in changes_of(data)] == [(CREATE, b"x"), (DELETE, b"y")]


def test_an_overflow() -> None:
    """The event of a full queue is a lost hint."""
    assert [hint.kind for hint in parse(event(Q_OVERFLOW), 1.0)] == [HintKind.LOST]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        event(CREATE, record())[:30],
        event(CREATE, record(), length=20),
        event(CREATE, record(), length=4000),
        event(CREATE),
        event(CREATE, struct.pack("=BBH", 2, 0, 0)),
        event(CREATE, record(handle=struct.pack("=Ii", 100000, 1))),
    ],
    ids=["empty", "cut", "too short", "too long", "no record", "endless record", "monstrous handle"],
)
def test_nonsense_is_nothing(data: bytes) -> None:
    """Bytes that make no sense end the reading."""
    assert changes_of(data) == []


@pytest.mark.parametrize(
    ("mask", "expected"),
    [(DELETE, True), (MOVED_FROM, True), (CREATE, False), (DELETE | CREATE, False), (CLOSE_WRITE, False)],
)
def test_gone_means_gone(mask: int, expected: bool) -> None:
    """The kernel merges events of one name: deleted and made again is there."""
    assert gone(Change(mask)) is expected


def test_undecodable_names_survive() -> None:
    """A name that is no UTF-8 keeps its bytes."""
    (hint,) = parse(event(CREATE, record(b"\xff.gguf")), 1.0)

    assert os.fsencode(hint.path) == b"\xff.gguf"


def test_errors_have_their_number() -> None:
    """A call that the kernel refuses raises with the reason."""
    with pytest.raises(OSError, match="Bad file descriptor"):
        mark_filesystem(-1, "/")
    with pytest.raises(OSError):
        path_of(-1, HANDLE)
