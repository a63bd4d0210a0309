"""The status door."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aiguard_agent.daemon import door as module
from aiguard_agent.daemon.door import SCHEMA_VERSION, Door, ask
from aiguard_agent.errors import UsageError


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "run" / "status.sock"


@pytest.fixture
def door(place: Path) -> Iterator[Door]:
    opened = Door(place, lambda: {"well": True})
    opened.open()
    yield opened
    opened.close()


def test_whoever_may_ask_is_answered(door: Door, place: Path) -> None:
    """One document with its version; the path lets in owner and group alone."""
    assert ask(place) == {"schema_version": SCHEMA_VERSION, "well": True}
    assert stat.S_IMODE(place.stat().st_mode) == 0o660


def test_a_stranger_is_not(door: Door, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials decide, even where the path would let him in."""
    monkeypatch.setattr(Door, "_may_ask", lambda _self, _peer: False)

    with pytest.raises(UsageError, match="does not answer this user"):
        ask(place)


@pytest.mark.parametrize(("uid", "gid", "allowed"), [(0, 0, True), (4242, 77, True), (4242, 4242, False)])
def test_who_may_ask(monkeypatch: pytest.MonkeyPatch, uid: int, gid: int, allowed: bool) -> None:
    """Root and members of the group may, nobody else."""

    class Peer:
        def getsockopt(self, *_: object) -> bytes:
            return module._CREDENTIALS.pack(1, uid, gid)

    monkeypatch.setattr(module, "_groups_of", lambda _uid: ())

    assert Door(Path("/x"), dict, group=77)._may_ask(Peer()) is allowed  # type: ignore[arg-type]


def test_an_answer_that_fails_ends_no_later_one(place: Path) -> None:
    """After an error inside the agent the door still answers."""
    answers: list[Any] = [RuntimeError("changed during iteration"), {"well": True}]

    def answer() -> dict[str, Any]:
        one = answers.pop(0)
        if isinstance(one, Exception):
            raise one
        return dict(one)

    door = Door(place, answer)
    door.open()
    try:
        with pytest.raises(UsageError):
            ask(place)
        assert ask(place)["well"] is True
    finally:
        door.close()


def test_a_peer_that_leaves_early_is_nothing(door: Door, place: Path) -> None:
    """Connecting and going away leaves the door open."""
    for _ in range(3):
        with socket.socket(socket.AF_UNIX) as channel:
            channel.connect(str(place))

    assert ask(place)["well"] is True


def test_a_socket_that_was_left_behind_is_replaced(place: Path) -> None:
    """After a kill the path is still there, and nobody answers at it."""
    place.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(place))
    door = Door(place, lambda: {"well": True})
    door.open()

    assert ask(place)["well"] is True
    door.close()
    assert not place.exists()


def test_anothers_socket_and_file_stay(door: Door, place: Path, tmp_path: Path) -> None:
    """A living door is not taken over, and a file is no door."""
    (tmp_path / "file").write_text("mine")
    for other in (place, tmp_path / "file"):
        with pytest.raises(OSError, match="in use"):
            Door(other, dict).open()

    assert ask(place)["well"] is True
    assert (tmp_path / "file").read_text() == "mine"


def test_nobody_there(place: Path) -> None:
    """Who asks where nobody answers is told what to look at."""
    with pytest.raises(UsageError, match="systemctl status"):
        ask(place)


def test_nonsense_at_the_other_end(tmp_path: Path) -> None:
    """What is no document is an error, not a crash."""
    import threading

    place = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        listening.listen()

        def answer() -> None:
            peer, _ = listening.accept()
            peer.sendall(b"[nonsense")
            peer.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(UsageError):
            ask(place)
        thread.join()


def test_groups_of_an_unknown_user_are_none() -> None:
    """A uid without a name has no groups."""
    assert module._groups_of(3_999_999_999) == ()
    assert os.getegid() in module._groups_of(os.geteuid())
