"""Where others may ask the running agent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import structlog

from aiguard_agent.config.load import parse
from aiguard_agent.daemon.door import ask
from aiguard_agent.daemon.numbers import Numbers
from aiguard_agent.daemon.ways import Doors, Ways, ways_of
from aiguard_agent.errors import UsageError
from aiguard_agent.metrics.board import Board
from aiguard_agent.metrics.labels import Vocabulary
from aiguard_agent.metrics.selfreport import ConfigNumbers


def doors_of() -> Doors:
    empty: frozenset[str] = frozenset()
    words = Vocabulary(engine=empty, format=empty, rule=empty, collector=empty, watcher=empty)
    config = ConfigNumbers(generation=1, ok=True, loaded_at=0.0)
    return Doors(Board(lambda: Numbers().report((), None, config), words), lambda: {"well": True})


def test_what_is_asked_for_is_open_and_what_stays_is_not_closed(tmp_path: Path) -> None:
    """A reload that changes nothing about the doors leaves them open; one that takes them away closes them."""
    doors, log = doors_of(), structlog.get_logger()
    ways = Ways(socket=tmp_path / "s")
    doors.open(ways, log)
    inode = (tmp_path / "s").stat().st_ino
    doors.open(ways, log)

    assert (tmp_path / "s").stat().st_ino == inode
    assert ask(tmp_path / "s")["well"] is True
    doors.open(Ways(), log)
    assert not (tmp_path / "s").exists()
    assert doors.addresses == ()
    doors.close()


def test_a_door_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    """The agent looks on; the next reload tries again."""
    said: list[Any] = []

    class Log:
        def error(self, event: str, **data: Any) -> None:
            said.append((event, data["reason"]))

    place = tmp_path / "folder" / "s"
    (tmp_path / "folder").write_text("a file")
    doors = doors_of()
    doors.open(Ways(socket=place), Log())
    (tmp_path / "folder").unlink()
    doors.open(Ways(socket=place), Log())

    assert [event for event, _reason in said] == ["status_not_served"]
    assert ask(place)["well"] is True
    doors.close()


def test_what_a_configuration_asks_for() -> None:
    """Paths and groups are checked before anything is opened."""
    assert ways_of(parse("status: {socket: /run/x}\nmetrics: {listen: off}\n").config) == Ways(socket=Path("/run/x"))
    with pytest.raises(UsageError, match="no group"):
        ways_of(parse("status: {socket: /run/x, group: no-such-group}\n").config)
