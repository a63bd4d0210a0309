"""Descriptor links, once per pass."""

import contextlib
import os
import signal
import socket

import pytest

from aiguard_agent.collect.collector import Options, Sight
from aiguard_agent.collect.collectors.processes import COLLECTOR
from aiguard_agent.collect.descriptors import count_of, descriptors_of, descriptors_up_to
from aiguard_agent.collect.host import Host
from aiguard_agent.collect.memory import Descriptors
from aiguard_agent.core.facts import Process
from aiguard_agent.errors import BudgetExceeded

ME = Process(pid=os.getpid(), start_ticks=1, started=0)


def process(host: Host, pid: int) -> Process:
    host.memory.begin()
    return next(one for one in COLLECTOR.collect(host, Options(), Sight()).processes or () if one.pid == pid)


def test_sockets_and_files(fake) -> None:
    """Sockets give their inode, what has a path its target, the rest nothing."""
    fake.process(7, sockets=(5, 6), files=("/srv/x.gguf", "/memfd:m (deleted)", "pipe:[9]", "socket:[oops]"))
    host = fake.host()

    found = descriptors_of(host, process(host, 7), 100)

    assert found.sockets == {5, 6, -1}
    assert sorted(found.files) == [(2, "/srv/x.gguf"), (3, "/memfd:m (deleted)")]


def test_read_once_per_pass(fake) -> None:
    """The second collector that asks gets what the first one read; the next pass reads again."""
    fake.process(7, sockets=(5,))
    host = fake.host()
    one = process(host, 7)
    first = descriptors_of(host, one, 100)
    fake.link("proc/7/fd/9", "socket:[6]")

    assert descriptors_of(host, one, 100) is first
    assert host.memory.links_read == 1
    host.memory.begin()
    assert descriptors_of(host, one, 100).sockets == {5, 6}


def test_the_budget_is_shared(fake) -> None:
    """When all collectors together would read more than the budget, it is refused before."""
    fake.process(7, sockets=(1, 2, 3))
    fake.process(8, sockets=(4, 5, 6))
    host = fake.host()
    descriptors_of(host, process(host, 7), 5)

    with pytest.raises(BudgetExceeded):
        descriptors_of(host, Process(pid=8, start_ticks=108, started=0), 5)
    assert host.memory.links_read == 3


def test_a_long_table_is_left_alone(fake) -> None:
    """Above the given length nothing is read, and nothing is remembered."""
    fake.process(7, sockets=(1, 2, 3))
    host = fake.host()
    one = process(host, 7)

    assert descriptors_up_to(host, one, 100, 2) is None
    assert host.memory.links_read == 0
    assert descriptors_up_to(host, one, 100, 3) == Descriptors(sockets=frozenset({1, 2, 3}))


def test_a_process_that_is_gone_raises(fake) -> None:
    """Nothing is remembered of it."""
    with pytest.raises(FileNotFoundError):
        descriptors_of(fake.host(), Process(pid=99, start_ticks=1, started=0), 100)


def test_numbers_without_links_are_a_denial(fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel may list the numbers and refuse what they lead to: that is not "holds nothing"."""
    fake.process(7, sockets=(1,))
    host = fake.host()
    one = process(host, 7)

    def refuse(_name: str, *, dir_fd: int) -> str:
        raise PermissionError(13, "Permission denied", dir_fd)

    monkeypatch.setattr(os, "readlink", refuse)

    with pytest.raises(PermissionError):
        descriptors_of(host, one, 100)


def test_our_own_socket_on_the_live_host() -> None:
    """The inode of a real socket is found."""
    with socket.socket() as one:
        inode = os.fstat(one.fileno()).st_ino

        assert inode in descriptors_of(Host(), ME, 10_000).sockets


def test_descriptors_of_a_recording_are_not_those_of_this_machine(fake, tmp_path) -> None:
    """A recording whose fd folder is a link out of it shows no descriptors of ours."""
    fake.process(7)
    folder = tmp_path / "proc/7/fd"
    if folder.exists():
        folder.rmdir()
    folder.symlink_to("/proc/self/fd")
    process = Process(pid=7, start_ticks=1, started=0)

    with pytest.raises(OSError):
        descriptors_of(fake.host(), process, 1000)


@pytest.mark.parametrize("hole", [False, True])
def test_a_short_table_is_read_whole(hole: bool) -> None:
    """Who holds its first numbers only is read without a listing; a hole among them is noticed."""
    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            one = socket.socket()
            os.dup2(one.fileno(), 2)
            os.dup2(one.fileno(), 5)
            null = os.open("/dev/null", os.O_RDWR)
            keep = os.dup(told)
            os.dup2(null, 0)
            os.dup2(null, 1)
            os.dup2(keep, 9)
            os.closerange(3, 5)
            os.closerange(6, 9)
            os.closerange(10, 4096)
            os.close(2 if hole else 5)
            os.write(9, str(os.fstat(5 if hole else 2).st_ino).encode())
            os.close(9)
            signal.pause()
        os._exit(1)
    os.close(told)
    try:
        inode = int(os.read(ready, 64))
        os.read(ready, 1)
        read = descriptors_of(Host(), Process(pid=pid, start_ticks=1, started=0), 100)
        count = count_of(Host(), pid)
    finally:
        os.close(ready)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    assert read.sockets == {inode}
    assert [path for _number, path in read.files] == ["/dev/null", "/dev/null"]
    assert count == 3


def test_the_descriptors_of_a_recording_are_counted(fake) -> None:
    """The size of a recorded folder says nothing."""
    fake.process(7, sockets=(5, 6))

    assert count_of(fake.host(), 7) == 2
