"""The agent's own log."""

from __future__ import annotations

import io
import json

import pytest
import structlog

from aiguard_agent.daemon.logs import RateLimit, set_up


def test_one_json_object_a_line_without_control_characters() -> None:
    """A value that a host wrote cannot break a line or colour a terminal."""
    stream = io.StringIO()
    set_up("json", "info", 0, stream).info("seen", subject="a\nb\x1b[31m\u2028")

    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["subject"] == "a\nb\x1b[31m\u2028"
    assert line.isascii() and "\x1b" not in line


def test_console_is_for_people_and_one_line_too() -> None:
    """Words in a row, the event after time and level; a line break stays inside its quotes as an escape."""
    stream = io.StringIO()
    set_up("console", "info", 0, stream).info("seen", subject="a\nb")

    assert len(stream.getvalue().splitlines()) == 1
    assert "level=info event=seen" in stream.getvalue()


def test_the_level_holds() -> None:
    """What is below it is not written."""
    stream = io.StringIO()
    log = set_up("json", "warning", 0, stream)
    log.info("small")
    log.warning("large")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["large"]


def test_a_noisy_event_is_held_down_and_counted() -> None:
    """The limit is by event and minute; the next minute says how many lines are missing, others are not touched."""
    now = 0.0
    limit = RateLimit(2, clock=lambda: now)
    for _ in range(2):
        limit(None, "info", {"event": "noise"})
    for _ in range(3):
        with pytest.raises(structlog.DropEvent):
            limit(None, "info", {"event": "noise"})
    assert limit(None, "info", {"event": "other"}) == {"event": "other"}
    now = 61.0

    assert limit(None, "info", {"event": "noise"}) == {"event": "noise", "held_back": 3}
    assert limit(None, "info", {"event": "noise"}) == {"event": "noise"}


def test_no_limit() -> None:
    """Zero lets everything through."""
    limit = RateLimit(0)

    assert [limit(None, "info", {"event": "x"}) for _ in range(500)] == [{"event": "x"}] * 500
