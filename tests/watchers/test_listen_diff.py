"""Comparing listening sockets, in our own namespace and in others."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.watch import namespaces
from aiguard_agent.watch.diag import TornError
from aiguard_agent.watch.namespaces import Opened
from aiguard_agent.watch.procnet import TextTable
from aiguard_agent.watch.watchers import listen_diff
from aiguard_agent.watch.watchers.listen_diff import WATCHER, ListenDiff


def started(pid: int) -> Hint:
    return Hint(source="proc_connector", kind=HintKind.PROCESS, subject=f"pid {pid}", at=0.0, pid=pid)


def test_a_port_is_told_when_it_opens_and_when_it_closes(opened, wait) -> None:
    """Opening and closing a port are two hints with address, port and our own namespace."""
    source = opened(WATCHER)
    own = Path("/proc/self/ns/net").stat().st_ino

    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        there = wait(source, lambda hint: hint.port == port)[-1]
    gone = wait(source, lambda hint: hint.port == port)[-1]

    assert (there.subject, there.netns, there.gone) == (f"127.0.0.1:{port} in namespace {own}", own, False)
    assert (gone.subject, gone.gone) == (f"{there.subject} closed", True)


def test_what_listened_before_is_no_news(opened) -> None:
    """The first look tells nothing: the reconcile at the start has seen all that."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        source = opened(WATCHER)

        hints = source.read()

    assert [hint for hint in hints if hint.port == door] == []


@pytest.mark.root
def test_a_listener_in_a_new_namespace_is_told_within_a_second(opened, wait, namespace_server) -> None:
    """A program that starts in a namespace nobody knew has the namespace looked into."""
    source = opened(WATCHER, sweep=60.0)

    pid, namespace = namespace_server()
    at = time.monotonic()
    source.hear([started(pid)])
    hint = wait(source, lambda hint: hint.port == 9191, 1.0)[-1]

    assert hint.netns == namespace
    assert time.monotonic() - at < 1.0


@pytest.mark.root
def test_a_namespace_is_entered_once(opened, namespace_server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Heard of again while its socket waits to be fetched, a namespace is not entered a second time."""
    source = opened(WATCHER, sweep=60.0)
    pid, namespace = namespace_server()
    entered: list[int] = []
    enter = namespaces.enter
    monkeypatch.setattr(namespaces, "enter", lambda pid, one: entered.append(one) or enter(pid, one))

    for _ in range(3):
        source.hear([started(pid)])
        if source._doors._thread is not None:
            source._doors._thread.join()

    assert entered.count(namespace) == 1
    assert namespace in source._tables


@pytest.mark.root
def test_the_sweep_finds_a_namespace_that_nobody_announced(opened, wait, namespace_server) -> None:
    """Without any word of its program a namespace is found by the slow sweep."""
    source = opened(WATCHER)

    _, namespace = namespace_server()

    assert wait(source, lambda hint: hint.port == 9191)[-1].netns == namespace


@pytest.mark.root
def test_a_namespace_without_processes_is_let_go(opened, wait, namespace_server) -> None:
    """When the last process has left, the socket that would keep the namespace alive is closed; its ports are gone."""
    source = opened(WATCHER)
    pid, namespace = namespace_server()
    wait(source, lambda hint: hint.port == 9191)
    assert namespace in source._tables

    os.kill(pid, 9)
    hint = wait(source, lambda hint: hint.port == 9191 and hint.gone)[-1]

    # either the socket was seen to close, or its namespace to be empty; in the end both are
    assert hint.netns == namespace
    source._members.sweep([])
    source._leave(0.0)
    assert namespace not in source._tables


@pytest.mark.root
def test_a_kernel_without_tcp_diagnosis(opened, wait, namespace_server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel does not know the request, everything is read as text, other namespaces too."""

    def refuse() -> socket.socket:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(listen_diff, "open_diag", refuse)
    source = opened(WATCHER)

    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        wait(source, lambda hint: hint.port == port)
    _, namespace = namespace_server()
    hint = wait(source, lambda hint: hint.port == 9191)[-1]

    assert hint.netns == namespace
    assert source._doors.idle
    assert all(isinstance(table, TextTable) for table in source._tables.values())


@pytest.mark.root
def test_a_namespace_that_may_not_be_entered_is_read_as_text(
    opened, wait, namespace_server: Callable[[], tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused the entrance, the tables of a member must do, and the words say so."""

    def refuse(self: namespaces.Doors, wanted: list[tuple[int, int]]) -> None:
        self._done += [Opened(namespace, error=PermissionError(1, "no")) for namespace, _ in wanted]

    monkeypatch.setattr(namespaces.Doors, "open", refuse)
    source = opened(WATCHER)

    _, namespace = namespace_server()
    hint = wait(source, lambda hint: hint.port == 9191)[-1]

    assert hint.netns == namespace
    assert "as text" in source.words


@pytest.mark.root
def test_a_namespace_that_cannot_be_looked_at_is_a_blind(
    opened, namespace_server: Callable[[], tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can be neither entered nor read is said."""

    def fail(self: namespaces.Doors, wanted: list[tuple[int, int]]) -> None:
        self._done += [Opened(namespace, error=OSError(24, "too many open files")) for namespace, _ in wanted]

    pid, namespace = namespace_server()
    monkeypatch.setattr(namespaces.Doors, "open", fail)
    source = opened(WATCHER)
    source.hear([started(pid)])

    source.read()

    assert f"namespace {namespace}" in {blind.subject for blind in source.blinds()}


class Failing(TextTable):
    """A table that cannot be read."""

    def __init__(self, pid: int, error: OSError) -> None:
        super().__init__(pid)
        self.error = error
        self.closed = False

    def look(self) -> tuple[frozenset, frozenset]:
        raise self.error

    def close(self) -> None:
        self.closed = True


def test_a_namespace_that_fails_is_a_loss_and_entered_again(opened) -> None:
    """Its socket is closed, what it would have told is lost, and it counts as not open."""
    source = opened(WATCHER)
    table = Failing(5, OSError(5, "Input/output error"))
    source._tables[77] = table

    hints = source._look(77, 1.0)

    assert [(hint.kind, hint.subject) for hint in hints] == [(HintKind.LOST, "namespace 77: Input/output error")]
    assert table.closed
    assert 77 not in source._tables
    assert source.counters.lost == 1
    assert [blind.subject for blind in source.blinds()] == ["namespace 77"]
    source._adopt(77, Failing(5, OSError(5, "Input/output error")))
    assert source.blinds() == ()


@pytest.mark.root
def test_a_namespace_that_failed_is_left_alone_for_a_while(
    opened, namespace_server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not entered again at every turn, which would be a full reconcile four times a second."""
    pid, namespace = namespace_server()
    entered: list[int] = []
    monkeypatch.setattr(namespaces.Doors, "open", lambda _self, wanted: entered.extend(one for one, _ in wanted))
    source = opened(WATCHER, sweep=60.0)
    entered.clear()
    source._tables[namespace] = Failing(pid, OSError(5, "Input/output error"))
    source._look(namespace, 1.0)

    source.hear([started(pid)])
    source._enter()
    assert namespace not in entered

    source._again[namespace] = 0.0
    source._enter()
    assert namespace in entered


def test_a_torn_look_is_repeated(opened) -> None:
    """A list that changed while it was written is no loss to tell: the next turn asks again."""
    source = opened(WATCHER)
    source._tables[77] = Failing(5, TornError(11, "torn"))

    assert source._look(77, 1.0) == []

    assert 77 in source._tables


def test_text_is_read_through_another_process_when_one_ends(opened) -> None:
    """The namespace is kept, what was known of it too, and another member is asked; without one it is left soon."""
    source = opened(WATCHER)
    table = Failing(5, ProcessLookupError(3, "No such process"))
    source._tables[77] = table
    source._members.of.update({5: 77, 6: 77})
    source._members.pids[77] = {5, 6}

    assert source._look(77, 1.0) == []
    assert table.pid == 6
    assert source._look(77, 1.0) == []

    assert 77 not in source._members.pids
    assert source._next_sweep <= 1.1
    assert not table.closed


def test_our_own_namespace_failing_is_the_end(opened) -> None:
    """A source that cannot look into its own namespace is dead, and says so by an error."""
    source = opened(WATCHER)
    assert isinstance(source, ListenDiff)
    source._tables[source._own].close()
    source._next = 0.0

    with pytest.raises(OSError, match="Bad file descriptor"):
        source.read()


def test_quiet_namespaces_have_every_fourth_turn(opened) -> None:
    """Once somebody tells of programs, a namespace without news is looked at in one turn of four, ours in all."""
    source = opened(WATCHER)
    source._tables[77] = source._tables[source._own]
    try:
        assert source._has_turn(77, 1.0)
        source.hear([started(os.getpid())])

        turns = []
        for _ in range(8):
            source._turn += 1
            turns.append((source._has_turn(77, 1.0), source._has_turn(source._own, 1.0)))
        source._alert[77] = 2.0

        assert [other for other, _ in turns].count(True) == 2
        assert all(own for _, own in turns)
        assert source._has_turn(77, 1.0)
    finally:
        del source._tables[77]
