"""Going into other network namespaces."""

import errno
import os
import socket
import threading

import pytest

from aiguard_agent.collect import netns
from aiguard_agent.collect.netns import Dump, dump_here, dump_inside, enter


def test_here() -> None:
    """The namespace of this thread is listed without going anywhere."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        dump = dump_here()
        inode = os.fstat(server.fileno()).st_ino

    assert dump.error is None
    assert inode in {one.inode for one in dump.tcp}


def test_nothing_to_visit_starts_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """No namespace, no thread."""
    monkeypatch.delattr(threading, "Thread")

    assert dump_inside({}) == {}


def test_a_namespace_that_is_gone_has_an_error() -> None:
    """A missing link is told for its namespace, the others are still visited."""
    dumps = dump_inside({1: "/proc/0/ns/net", 2: "/nowhere"})

    assert {inode: type(dump.error) for inode, dump in dumps.items()} == {1: FileNotFoundError, 2: FileNotFoundError}


def test_another_namespace_behind_the_link_is_refused() -> None:
    """When a pid was used again, its link leads elsewhere: that is an error, not somebody else's sockets."""
    with pytest.raises(OSError, match="changed") as caught:
        enter("/proc/self/ns/net", 1)

    assert caught.value.errno == errno.ESTALE


def test_a_slow_visit_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not reached in time says so."""
    hold = threading.Event()
    monkeypatch.setattr(netns, "SECONDS", 0.01)
    monkeypatch.setattr(netns, "enter", lambda _path, _inode: hold.wait(10))

    dumps = dump_inside({1: "a", 2: "b"})
    hold.set()

    assert [type(dump.error) for dump in dumps.values()] == [TimeoutError, TimeoutError]


def test_an_old_kernel_without_unix_diag_still_tells_tcp(monkeypatch: pytest.MonkeyPatch) -> None:
    """The unix half may be refused."""

    def refuse(_diag: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr(netns, "dump_unix", refuse)

    assert dump_here().error is None


def test_a_refused_socket_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without netlink there is an error and no list."""
    refusal = PermissionError(errno.EACCES, "Permission denied")

    def refuse() -> None:
        raise refusal

    monkeypatch.setattr(netns, "open_diag", refuse)

    assert dump_here() == Dump(error=refusal)
