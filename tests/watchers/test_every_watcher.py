"""The laws of all watchers."""

from __future__ import annotations

import os
import struct
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as with_settings
from hypothesis import strategies as st

from aiguard_agent.collect.host import Host
from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.watch import connector, fanotify
from aiguard_agent.watch.conditions import all_watchers
from aiguard_agent.watch.watcher import Settings, Watcher

WATCHERS = all_watchers()
STARTS = (
    b"",
    struct.pack("=IHHII", 76, 3, 0, 0, 0) + struct.pack("=IIIIHH", 1, 1, 0, 0, 40, 0) + struct.pack("=I", 2),
    struct.pack("=IHHII", 88, 18, 2, 1, 0) + bytes([2, 10]),
    struct.pack("=IHHII", 88, 18, 2, 1, 0) + bytes([10, 10]),
    struct.pack("=IHHIIi", 20, 2, 0, 1, 0, -13),
    fanotify._EVENT.pack(60, 3, 0, 24, fanotify.CREATE, -1, 0) + struct.pack("=BBH", 2, 0, 36),
    fanotify._EVENT.pack(24, 3, 0, 24, fanotify.Q_OVERFLOW, -1, 0),
    b" a b-12 [000] ..... 5.5: sched_process_exec: filename=/x pid=",
    b"a-1 [001] d.... 1.1: inet_sock_set_state: family=AF_INET protocol=IPPROTO_TCP sport=",
    b"CPU:0 [LOST ",
)
"""Beginnings that lead into each parser; any bytes follow."""
any_bytes = st.builds(lambda start, rest: start + rest, st.sampled_from(STARTS), st.binary(max_size=200))


def test_there_are_watchers() -> None:
    """The laws below have somebody to hold for."""
    assert [watcher.name for watcher in WATCHERS] == [
        "fanotify_files",
        "listen_diff",
        "proc_connector",
        "tracefs",
        "watchdog_files",
    ]


@pytest.mark.parametrize("watcher", WATCHERS, ids=lambda one: one.name)
@given(data=any_bytes, now=st.floats(0, 1e9))
@with_settings(deadline=None)
def test_any_bytes_are_hints_or_a_loss(watcher: Watcher, data: bytes, now: float) -> None:
    """Whatever is read, a parser returns hints of its own source and kinds, in bounds, and never raises."""
    hints = watcher.parse(data, now)

    for hint in hints:
        assert isinstance(hint, Hint)
        assert hint.source == watcher.name
        assert hint.kind is HintKind.LOST or hint.kind in watcher.ranks
        assert hint.at <= now
        assert 0 <= hint.port <= 99999
    assert len(hints) <= len(data) + 1


@pytest.mark.parametrize("watcher", WATCHERS, ids=lambda one: one.name)
def test_the_parser_is_not_asleep(watcher: Watcher) -> None:
    """For one of the beginnings each parser does say something."""
    tails = (
        b"",
        bytes(150),
        b"7 old_pid=7",
        b"80 dport=0 saddr=0.0.0.0 x saddrv6=:: x newstate=TCP_LISTEN",
        b"3 EVENTS]",
    )
    exec_tail = struct.pack("=IQii", 0, 1, 5, 5) + bytes(16)

    assert any(watcher.parse(start + tail, 9.0) for start in STARTS for tail in (*tails, exec_tail))


@pytest.mark.parametrize("watcher", WATCHERS, ids=lambda one: one.name)
def test_a_recorded_host_has_no_events(watcher: Watcher, tmp_path: Path) -> None:
    """A folder that stands in for a host cannot be watched; that is said, not passed over."""
    with pytest.raises(OSError, match=r"recorded host|not mounted"):
        watcher.open(Host(tmp_path), Settings())


@pytest.mark.parametrize("watcher", WATCHERS, ids=lambda one: one.name)
def test_opened_and_closed_fifty_times(watcher: Watcher, host: Host, settings: Settings) -> None:
    """Nothing piles up: no descriptor, no thread; closing twice is allowed, and so is opening after closing."""
    rounds = 50

    def once() -> None:
        source = watcher.open(host, settings)
        source.read()
        source.close()
        source.close()

    try:
        once()
    except OSError as error:
        pytest.skip(f"{watcher.name}: {error}")
    fds, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    for _ in range(rounds):
        once()

    assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == (fds, threads)


@pytest.mark.parametrize("watcher", WATCHERS, ids=lambda one: one.name)
def test_the_canary_is_told_and_cleared_up(watcher: Watcher, opened, wait) -> None:
    """Each source tells its own canary, and all of it; undoing it twice is allowed."""
    source = opened(watcher)
    if source.due() is not None:
        source.read()

    deed = source.canary()
    assert not deed.seen
    wait(source, lambda hint: deed.tell(hint) or deed.seen)
    deed.undo()
    deed.undo()

    assert deed.seen


def test_ranks_differ_where_watchers_compete() -> None:
    """Two watchers of one kind never have the same rank: which is used must not depend on a name."""
    for kind in HintKind:
        ranks = [watcher.ranks[kind] for watcher in WATCHERS if kind in watcher.ranks]
        assert len(ranks) == len(set(ranks)), kind


def test_every_kind_has_a_source_without_privileges() -> None:
    """Processes, listeners and files can each be told without any capability."""
    told = {kind for watcher in WATCHERS if not watcher.needs and watcher.default for kind in watcher.ranks}

    assert told == {HintKind.PROCESS, HintKind.LISTENER, HintKind.FILE}


def test_settings_can_be_narrowed() -> None:
    """What `choose` narrows is the kinds alone."""
    narrowed = replace(Settings(), kinds=frozenset({HintKind.FILE}))

    assert narrowed.kinds == {HintKind.FILE}
    assert connector.NAME == "proc_connector"
