"""The text tables of listening sockets."""

from __future__ import annotations

import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.watch import procnet
from aiguard_agent.watch.procnet import TextTable, rows_of

HEAD = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
LISTENING = (
    b"   0: 0100007F:2CAA 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000  0 4242 1 0 100 0 0 10 0\n"
)
CONNECTED = LISTENING.replace(b" 0A ", b" 01 ")
SIX = LISTENING.replace(b"0100007F:2CAA", b"00000000000000000000000001000000:0050")


def test_listening_rows_alone() -> None:
    """A listening socket is read, a connected one is not."""
    assert rows_of(HEAD + LISTENING + CONNECTED) == [(socket.AF_INET, bytes([127, 0, 0, 1]), 11434, 4242)]


def test_ipv6() -> None:
    """IPv6 addresses are words in native order."""
    assert rows_of(SIX) == [(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, "::1"), 80, 4242)]


@pytest.mark.parametrize(
    ("old", "new"), [(b"0100007F", b"01"), (b"2CAA", b"zz"), (b"4242", b"x"), (b"0100007F:", b"0x00007F:")]
)
def test_damaged_rows_are_passed_over(old: bytes, new: bytes) -> None:
    """A line that makes no sense is no socket."""
    assert len(rows_of(LISTENING.replace(old, new) + LISTENING)) in (1, 2)
    assert rows_of(LISTENING.replace(old, new))[:1] != rows_of(LISTENING)


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    """Whatever the table holds, reading it ends with rows or none."""
    assert len(rows_of(data)) <= data.count(b"\n") + 1


def test_reading_ends_where_listening_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections, perhaps a hundred thousand, are not read through: listening sockets come first."""
    parts = [HEAD + LISTENING, CONNECTED * 3, CONNECTED * 3]
    monkeypatch.setattr(procnet.os, "read", lambda _fd, _size: parts.pop(0) if parts else b"")

    rows = procnet._read("/proc/self/net/tcp")

    assert len(rows) == 1
    assert len(parts) == 1


def test_this_host() -> None:
    """A real port is told when it opens and when it closes; a process that is gone is an error."""
    table = TextTable(os.getpid())
    table.look()
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        assert port in {row[2] for row in table.look()[0]}
    assert port in {row[2] for row in table.look()[1]}
    table.close()
    with pytest.raises(OSError):
        TextTable(2**22 + 1).look()
