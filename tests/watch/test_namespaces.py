"""Processes by namespace."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from aiguard_agent.watch import namespaces
from aiguard_agent.watch.namespaces import VERIFY_EVERY, Doors, Members, by_text, enter, namespace_of, own_namespace


@pytest.fixture
def living(monkeypatch: pytest.MonkeyPatch) -> dict[int, int]:
    """Processes and their namespaces, as `namespace_of` finds them; counts its looks under key 0."""
    world: dict[int, int] = {0: 0}

    def look(pid: int) -> int | None:
        world[0] += 1
        return world.get(pid)

    monkeypatch.setattr(namespaces, "namespace_of", look)
    return world


def pids(world: dict[int, int]) -> list[int]:
    return [pid for pid in world if pid]


def test_only_new_processes_are_looked_at(living: dict[int, int]) -> None:
    """A sweep costs a look for each new process; all are looked at again every so many sweeps."""
    living.update({1: 100, 2: 100, 3: 200})
    members = Members(100, -1)
    members.sweep(pids(living))
    assert living[0] == 3
    living[4] = 300

    members.sweep(pids(living))

    assert living[0] == 4
    assert members.pids == {100: {1, 2}, 200: {3}, 300: {4}}
    for _ in range(VERIFY_EVERY - 2):
        members.sweep(pids(living))
    assert living[0] == 4
    living[2] = 300  # moved without an exec
    members.sweep(pids(living))
    assert living[0] == 8
    assert members.pids[300] == {2, 4}


def test_the_last_process_takes_its_namespace_along(living: dict[int, int]) -> None:
    """Leaving tells whether somebody is left; who was never met tells nothing."""
    living.update({1: 100, 2: 100})
    members = Members(7, -1)
    members.sweep(pids(living))

    assert not members.left(1)
    assert members.left(2)
    assert not members.left(99)
    assert members.pids == {}


def test_gone_processes_are_forgotten(living: dict[int, int]) -> None:
    """Who is not among the living is forgotten by a sweep, or by a look."""
    living.update({1: 100, 2: 200})
    members = Members(7, -1)
    members.sweep(pids(living))
    del living[2]
    members.sweep([1])
    del living[1]

    assert members.moved(1) is None
    assert members.of == {}


def test_our_own_namespace_by_its_tables(living: dict[int, int]) -> None:
    """A process of our namespace whose link is denied is known by its tables, and is no namespace of its own."""
    living[1] = -55
    members = Members(100, -55)

    assert members.moved(1) == 100


def test_this_process() -> None:
    """Link and tables agree that we are where we are; a process that is gone has no namespace."""
    assert namespace_of(os.getpid()) == own_namespace() == Path("/proc/self/ns/net").stat().st_ino
    assert by_text(os.getpid()) == by_text("thread-self") < 0
    assert namespace_of(2**22 + 1) is None


def test_a_denied_link_falls_back_to_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without SYS_PTRACE namespaces are told apart all the same."""
    real = Path.stat

    def deny(self: Path, **words: bool) -> os.stat_result:
        if self.name == "net" and self.parent.name == "ns":
            raise PermissionError(13, "Permission denied")
        return real(self, **words)

    monkeypatch.setattr(Path, "stat", deny)

    assert namespace_of(os.getpid()) == by_text(os.getpid())


def test_a_pid_that_lives_elsewhere_by_now_is_refused() -> None:
    """Another namespace behind the link is ESTALE, and nobody moves."""
    with pytest.raises(OSError, match="namespace changed"):
        enter(os.getpid(), 12)


def wait_for(doors: Doors) -> list[namespaces.Opened]:
    until = time.monotonic() + 5
    while doors.busy:
        assert time.monotonic() < until
    return doors.opened()


@pytest.mark.root
def test_doors_open_in_a_thread_of_their_own() -> None:
    """A namespace is opened, one that fails carries its error, and this thread stays where it was."""
    if os.geteuid() != 0:
        pytest.skip("needs root to enter a namespace")
    here = own_namespace()
    doors = Doors()

    doors.open([(here, os.getpid()), (12, os.getpid())])
    good, bad = wait_for(doors)

    assert (good.namespace, good.error) == (here, None)
    assert bad.error is not None
    assert own_namespace() == here
    assert good.table is not None
    good.table.close()


def test_closing_takes_what_nobody_fetched() -> None:
    """Sockets that were opened and not fetched are closed, the thread has ended."""
    doors = Doors()
    doors.open([(own_namespace(), os.getpid())])
    wait_for_end = doors._thread

    doors.close()

    assert wait_for_end is not None
    assert not wait_for_end.is_alive()
    assert doors.opened() == []
