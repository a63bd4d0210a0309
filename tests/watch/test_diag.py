"""Bytes of NETLINK_SOCK_DIAG, and the difference between two looks."""

from __future__ import annotations

import errno
import socket
import struct

import pytest

from aiguard_agent.core.hint import HintKind
from aiguard_agent.watch.diag import Table, TornError, ends, hint_of, open_diag, parse, rows_of

DONE = struct.pack("=IHHIIi", 20, 3, 2, 1, 0, 0)
LOOPBACK = bytes([127, 0, 0, 1])


def row_bytes(port: int, inode: int, address: bytes = LOOPBACK, *, flags: int = 2) -> bytes:
    family = socket.AF_INET if len(address) == 4 else socket.AF_INET6
    body = bytes([family, 10, 0, 0]) + struct.pack(">HH", port, 0) + address.ljust(16, b"\0")
    body = body.ljust(64, b"\0") + struct.pack("=II", 5, inode)
    return struct.pack("=IHHII", 16 + len(body), 18, flags, 1, 0) + body


def refusal(code: int) -> bytes:
    return struct.pack("=IHHIIi", 20, 2, 0, 1, 0, -code)


class Kernel:
    """A socket that answers one request after the other."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)

    def send(self, _data: bytes) -> None:
        pass

    def recv(self, _size: int) -> bytes:
        return self.answers.pop(0)


def test_rows() -> None:
    """Both families are read, with address, port and inode."""
    six = socket.inet_pton(socket.AF_INET6, "fe80::1")

    assert rows_of(row_bytes(80, 7) + row_bytes(443, 8, six) + DONE) == [
        (socket.AF_INET, LOOPBACK, 80, 7),
        (socket.AF_INET6, six, 443, 8),
    ]


def test_the_difference() -> None:
    """A second look tells what opened and what closed; a port opened anew is both."""
    table = Table(Kernel(row_bytes(80, 7) + DONE, row_bytes(80, 9) + row_bytes(81, 8) + DONE))  # type: ignore[arg-type] # a kernel
    assert table.look()[0] == {(2, LOOPBACK, 80, 7)}

    opened, closed = table.look()

    assert opened == {(2, LOOPBACK, 80, 9), (2, LOOPBACK, 81, 8)}
    assert closed == {(2, LOOPBACK, 80, 7)}


def test_the_same_bytes_are_no_difference() -> None:
    """An answer like the last one costs no parsing and tells nothing."""
    table = Table(Kernel(*[row_bytes(80, 7) + DONE] * 2))  # type: ignore[arg-type] # a kernel
    table.look()

    assert table.look() == (frozenset(), frozenset())


def test_a_torn_answer_changes_nothing() -> None:
    """An inconsistent dump is asked again, and what was known stays."""
    kernel = Kernel(row_bytes(80, 7) + DONE, row_bytes(81, 7, flags=0x12) + DONE)
    table = Table(kernel)  # type: ignore[arg-type] # a kernel
    table.look()
    with pytest.raises(TornError):
        table.look()

    assert table.rows == {(2, LOOPBACK, 80, 7)}


@pytest.mark.parametrize(
    "data", [refusal(errno.EACCES), b"", bytes(16), b"\x01"], ids=["refused", "empty", "nil", "cut"]
)
def test_nonsense_is_an_error(data: bytes) -> None:
    """A refusal and bytes that are no message raise; nobody waits for an end that does not come."""
    with pytest.raises(OSError):
        ends(data)
    assert [hint.kind for hint in parse(data, 1.0)] == [HintKind.LOST]


def test_hints() -> None:
    """Words have brackets around IPv6 and name the namespace where it is known."""
    six = socket.inet_pton(socket.AF_INET6, "::1")

    assert hint_of((10, six, 80, 1), 1.0, netns=7).subject == "[::1]:80 in namespace 7"
    assert hint_of((2, LOOPBACK, 80, 1), 1.0, gone=True).subject == "127.0.0.1:80 closed"


def test_this_kernel() -> None:
    """Real ports of both families appear in a real answer, and disappear."""
    table = Table(open_diag())
    try:
        table.look()
        with (
            socket.create_server(("127.0.0.1", 0)) as one,
            socket.create_server(("", 0), family=socket.AF_INET6) as two,
        ):
            ports = {one.getsockname()[1], two.getsockname()[1]}
            assert ports <= {row[2] for row in table.look()[0]}
        assert ports <= {row[2] for row in table.look()[1]}
    finally:
        table.close()
