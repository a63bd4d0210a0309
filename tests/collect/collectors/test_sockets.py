"""Listening sockets and their owners."""

import ctypes
import os
import signal
import socket
from pathlib import Path

import pytest

from aiguard_agent.collect.collector import Options, Sight
from aiguard_agent.collect.collectors import processes, sockets
from aiguard_agent.collect.host import Host
from aiguard_agent.collect.netns import Dump
from aiguard_agent.core.facts import BlindKind, Listener, Namespace, Scope

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def row(address: str, port: int, inode: int, uid: int = 0) -> str:
    return f"   0: {address}:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 {uid} 0 {inode} 1\n"


def look(host: Host, options: Options | None = None) -> Sight:
    """Run one pass of both collectors."""
    host.memory.begin()
    options = options or Options()
    return sockets.COLLECTOR.collect(host, options, processes.COLLECTOR.collect(host, options, Sight()))


def test_a_recorded_host(fake) -> None:
    """Text tables of a process give the sockets of its namespace, the descriptors their owner."""
    fake.process(1, ppid=0)
    fake.process(7, sockets=(11, 12))
    fake.write("proc/1/net/tcp", HEADER + row("00000000", 11434, 11))
    fake.write("proc/1/net/tcp6", HEADER + row("0" * 24 + "01000000", 80, 12))
    fake.write("proc/1/net/dev", "a\nb\n    lo: 1\n  eth0: 1\n")

    sight = look(fake.host())

    shared = {"netns": 4026531840, "pid": 7, "pids": (7,)}
    assert sight.listeners == (
        Listener(family="tcp4", address="0.0.0.0", port=11434, scope=Scope.ANY, inode=11, **shared),
        Listener(family="tcp6", address="::1", port=80, scope=Scope.LOOPBACK, inode=12, **shared),
    )
    assert sight.namespaces == (Namespace(inode=4026531840, pids=2, member=1, own=True, interfaces=("eth0", "lo")),)
    assert sight.blind == ()


def test_two_namespaces(fake) -> None:
    """Each namespace has its own table; the one of init is the host's own."""
    fake.process(1, ppid=0)
    fake.process(7, net="net:[99]", sockets=(22,))
    fake.write("proc/1/net/tcp", HEADER)
    fake.write("proc/7/net/tcp", HEADER + row("00000000", 8000, 22))
    fake.write("proc/7/net/dev", "a\nb\n    lo: 1\n")

    sight = look(fake.host())

    assert [(one.port, one.netns, one.pid) for one in sight.listeners] == [(8000, 99, 7)]
    assert [(one.inode, one.own, one.isolated) for one in sight.namespaces] == [
        (4026531840, True, False),
        (99, False, True),
    ]


def test_a_namespace_without_a_table_is_told(fake) -> None:
    """A namespace that we cannot read is named by its inode."""
    fake.process(1, ppid=0)
    fake.process(7, net="net:[99]")
    fake.write("proc/1/net/tcp", HEADER)

    blind = look(fake.host()).blind

    assert [(one.subject, one.kind) for one in blind] == [("namespace 99", BlindKind.VANISHED)]


def test_a_recording_without_namespaces(fake) -> None:
    """A host that recorded no namespace links has one table for all."""
    fake.process(7, net=None, sockets=(11,))
    fake.write("proc/net/tcp", HEADER + row("0100007F", 80, 11))

    sight = look(fake.host())

    assert [(one.port, one.netns, one.pid) for one in sight.listeners] == [(80, None, 7)]
    assert sight.namespaces == ()


def test_an_owner_that_ended_leaves_a_blind_spot(fake) -> None:
    """A socket without an owner is listed without one, and counted."""
    fake.process(1, ppid=0)
    fake.write("proc/1/net/tcp", HEADER + row("0100007F", 80, 11) + row("0100007F", 81, 12))

    sight = look(fake.host())

    assert [one.pid for one in sight.listeners] == [None, None]
    assert [(one.subject, one.count) for one in sight.blind] == [("owners of 2 listening sockets", 2)]


def test_a_spent_budget_is_told(fake) -> None:
    """When the descriptor budget ends the search, the reason says so."""
    fake.process(1, ppid=0, sockets=(11, 12, 13))
    fake.write("proc/1/net/tcp", HEADER + row("0100007F", 80, 11))

    blind = look(fake.host(), Options(descriptors=2)).blind

    assert [one.kind for one in blind] == [BlindKind.BUDGET]


def test_unix_sockets_of_interesting_processes_only(fake) -> None:
    """Of the many unix sockets those count whose owner matters."""
    fake.process(1, ppid=0, sockets=(31,))
    fake.process(7, comm="ollama", sockets=(32,))
    fake.write("proc/1/net/tcp", HEADER)
    rows = "".join(f"0: 2 0 00010000 0001 01 {inode} /run/{inode}\n" for inode in (31, 32))
    fake.write("proc/1/net/unix", "Num\n" + rows)

    found = look(fake.host(), Options(interesting=lambda process: process.comm == "ollama")).listeners

    assert [(one.family, one.address, one.scope, one.pid) for one in found] == [("unix", "/run/32", Scope.UNIX, 7)]


def test_a_thousand_listeners(fake) -> None:
    """They are all there, all owned, and a second pass gives the very same values."""
    fake.process(1, ppid=0)
    fake.process(7, sockets=tuple(range(5000, 6000)))
    fake.write("proc/1/net/tcp", HEADER + "".join(row("00000000", n - 4000, n) for n in range(5000, 6000)))
    host = fake.host()

    first, second = look(host).listeners, look(host).listeners

    assert len(first) == 1000
    assert all(one.pid == 7 for one in first)
    assert second is first


def test_a_closed_socket_is_gone_in_the_next_pass(fake) -> None:
    """What is remembered does not outlive the socket."""
    fake.process(1, ppid=0, sockets=(11, 12))
    fake.write("proc/1/net/tcp", HEADER + row("0100007F", 80, 11) + row("0100007F", 81, 12))
    host = fake.host()
    look(host)
    fake.write("proc/1/net/tcp", HEADER + row("0100007F", 81, 12))

    assert [one.port for one in look(host).listeners] == [81]


def test_hostile_tables(fake) -> None:
    """Broken lines are passed over."""
    fake.process(1, ppid=0, sockets=(11,))
    fake.write("proc/1/net/tcp", HEADER.encode() + b"\xff\x00 x\n" * 50 + row("0100007F", 80, 11).encode())

    assert [one.port for one in look(fake.host()).listeners] == [80]


def test_our_own_listener_on_the_live_host(tmp_path: Path) -> None:
    """A real socket of ours is found with us as its owner, and a unix one when we are interesting."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        local.bind(str(tmp_path / "s"))
        local.listen()
        sight = look(Host(), Options(interesting=lambda process: process.pid == os.getpid()))
        inodes = {os.fstat(one.fileno()).st_ino: one.family for one in (server, local)}

    mine = {one.inode: one for one in sight.listeners if one.inode in inodes}
    assert set(mine) == set(inodes)
    assert {one.pid for one in mine.values()} == {os.getpid()}
    assert {one.scope for one in mine.values()} == {Scope.LOOPBACK, Scope.UNIX}
    assert [space.own for space in sight.namespaces][0] is True
    assert "lo" in sight.namespaces[0].interfaces


def test_where_netlink_is_refused_the_text_tables_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hardened host without sock_diag still shows its sockets."""
    monkeypatch.setattr(sockets, "dump_here", lambda: Dump(error=PermissionError(13, "Permission denied")))
    with socket.create_server(("127.0.0.1", 0)) as server:
        sight = look(Host(), Options(interesting=lambda process: process.pid == os.getpid()))
        inode = os.fstat(server.fileno()).st_ino

    assert [one.pid for one in sight.listeners if one.inode == inode] == [os.getpid()]


@pytest.fixture
def isolated_server() -> tuple[int, int]:
    """Start a child that listens in a network namespace of its own; give its pid and port."""
    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(0x40000000) == 0:
            server = socket.create_server(("0.0.0.0", 8123))
            os.write(told, b"x")
            while server:
                signal.pause()
        os._exit(1)
    os.close(told)
    try:
        if os.read(ready, 1) != b"x":
            pytest.skip("this kernel does not let us make a network namespace")
        yield pid, 8123
    finally:
        os.close(ready)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make a network namespace")
@pytest.mark.parametrize("way", ["netlink", "text"])
def test_a_listener_in_another_namespace(
    isolated_server: tuple[int, int], way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server in a namespace of its own is found with its owner, by netlink and, refused that, by its tables."""
    pid, port = isolated_server
    if way == "text":
        monkeypatch.setattr(sockets, "dump_inside", lambda links: {one: Dump(error=PermissionError()) for one in links})

    sight = look(Host())

    netns = int(os.readlink(f"/proc/{pid}/ns/net")[5:-1])
    assert [(one.port, one.scope, one.pid) for one in sight.listeners if one.netns == netns] == [(port, Scope.ANY, pid)]
    space = next(one for one in sight.namespaces if one.inode == netns)
    assert (space.own, space.pids, space.member, space.isolated) == (False, 1, pid, True)
    assert os.readlink("/proc/self/ns/net") != f"net:[{netns}]"
