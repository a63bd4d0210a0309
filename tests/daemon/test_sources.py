"""The live sources while the agent stands."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from aiguard_agent.collect.host import Host
from aiguard_agent.daemon import sources as module
from aiguard_agent.daemon.sources import Sources
from aiguard_agent.watch.watcher import Settings
from recorded_host import RecordedHost

ONE = dict.fromkeys(("proc_connector", "tracefs", "fanotify_files", "watchdog_files"), False)
SETTINGS = Settings(wanted=ONE)


def test_opened_once_and_again_when_the_settings_change() -> None:
    """Equal settings leave the sources open; others replace them. When open returns they are open."""
    sources, log = Sources(), structlog.get_logger()
    try:
        assert sources.open(SETTINGS, Host(), log) is True
        assert [(state.name, state.up) for state in sources.states()] == [("listen_diff", True)]
        assert {passed.name for passed in sources.passed} == set(ONE)
        assert sources.open(Settings(wanted=dict(ONE)), Host(), log) is False
        assert sources.open(Settings(wanted=ONE, interval=0.5), Host(), log) is True
        assert not sources.broken
    finally:
        sources.close()
    assert sources.states() == () and sources.blinds() == ()


def test_a_thread_that_ended_is_noticed_and_replaced() -> None:
    """Nobody is told that all is well when nobody reads the sources."""
    sources, log = Sources(), structlog.get_logger()
    sources.open(SETTINGS, Host(), log)
    assert sources._watch is not None
    sources._watch.stop()

    assert sources.broken
    assert sources.take(0.01) == ()
    assert sources.open(SETTINGS, Host(), log) is True
    assert not sources.broken
    sources.close()


def test_a_recorded_host_has_no_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is a blind spot, not an error, and a start does not wait for it."""
    monkeypatch.setattr(module, "PATIENCE", 5.0)
    sources = Sources()
    sources.open(SETTINGS, Host(RecordedHost(tmp_path / "h").finish()), structlog.get_logger())
    try:
        assert [state.up for state in sources.states()] == [False]
        assert sources.blinds()
        sources.prove()
    finally:
        sources.close()
