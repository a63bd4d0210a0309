"""One connection, driven by hand over a socket pair."""

from __future__ import annotations

import selectors
import socket

from aiguard_agent.metrics.connection import Connection
from aiguard_agent.metrics.request import HEAD_LIMIT

ASK = b"GET / HTTP/1.1\r\n\r\n"


def pair(answer: bytes = b"answer") -> tuple[Connection, socket.socket]:
    near, far = socket.socketpair()
    return Connection(near, 1.0, lambda _received: answer), far


def test_byte_by_byte() -> None:
    """A request that comes in single bytes is waited for, and answered after its last."""
    connection, far = pair()
    with far:
        for byte in ASK[:-1]:
            far.send(bytes([byte]))
            assert connection.advance() == selectors.EVENT_READ
            assert connection.idle
        far.send(ASK[-1:])

        assert connection.advance() == 0
        connection.close()
        assert far.recv(100) == b"answer"


def test_a_full_pipe_is_waited_for() -> None:
    """When the caller does not read, the rest of the answer waits until it does; nothing is lost or sent twice."""
    answer = bytes(range(256)) * 8000
    connection, far = pair(answer)
    received = b""
    with far:
        far.send(ASK)
        assert connection.advance() == selectors.EVENT_WRITE
        assert not connection.idle
        while connection.advance():
            received += far.recv(65536)
        connection.close()
        while chunk := far.recv(65536):
            received += chunk

    assert received == answer


def test_an_endless_head_is_handed_over() -> None:
    """More than the limit without an end is not collected further."""
    got = []
    near, far = socket.socketpair()
    with far:
        connection = Connection(near, 1.0, lambda received: got.append(len(received)) or b"no")
        far.sendall(b"x" * (HEAD_LIMIT * 4))

        assert connection.advance() == 0
        connection.close()

    assert got and HEAD_LIMIT < got[0] <= HEAD_LIMIT + 4096


def test_an_end_before_the_request() -> None:
    """Who leaves before asking is not answered."""
    connection, far = pair()
    far.send(b"GET")
    far.close()

    assert connection.advance() == 0
    assert connection.idle
    connection.close()


def test_last_words_only_before_an_answer() -> None:
    """Words about the time go to who has not been answered; never into the middle of an answer."""
    connection, far = pair(b"x" * 5_000_000)
    with far:
        connection.last_words(b"slow")
        assert far.recv(10) == b"slow"
        far.send(ASK)
        connection.advance()
        connection.last_words(b"slow")
        connection.close()
        received = b""
        while chunk := far.recv(65536):
            received += chunk

    assert set(received) == {ord("x")}
