"""HTTP as bytes."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aiguard_agent import __version__
from aiguard_agent.core.probing import ProbeRequest, Target
from aiguard_agent.probe.policy import Budget
from aiguard_agent.probe.wire import Response, request_bytes

TARGET = Target(pid=1, start_ticks=1, netns=1, family="tcp4", address="127.0.0.1", port=8000)
SMALL = Budget(body_bytes=100, header_bytes=2000, header_lines=10)


def read(data: bytes, *, budget: Budget = SMALL, closed: bool = True, step: int = 1 << 20) -> Response:
    response = Response(budget)
    for i in range(0, len(data), step):
        response.feed(data[i : i + step])
    if closed:
        response.close()
    return response


def test_a_request_is_polite_and_has_no_credentials() -> None:
    """What is sent names us, asks for one plain answer, and nothing else."""
    expected = (
        "GET /api/tags HTTP/1.1\r\nHost: localhost:8000\r\n"
        f"User-Agent: aiguard-agent/{__version__} (read-only inventory probe)\r\n"
        "Accept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n"
    )

    assert expected.encode() == request_bytes(TARGET, ProbeRequest(path="/api/tags"))


def test_a_post_has_its_length() -> None:
    """A POST carries its type and the length of its body."""
    data = request_bytes(TARGET, ProbeRequest(path="/mcp", method="POST", body='{"ä":1}'))

    assert data.endswith(b'Content-Type: application/json\r\nContent-Length: 8\r\n\r\n{"\xc3\xa4":1}')


def test_a_unix_socket_has_no_port_in_its_host() -> None:
    """Host is plain localhost where there is no port."""
    assert b"\r\nHost: localhost\r\n" in request_bytes(replace(TARGET, family="unix", port=0), ProbeRequest(path="/"))


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    ("data", "body", "truncated"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}extra", b"{}", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", b"{}", True),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil close", b"until close", False),
        (b"HTTP/1.1 200\n\nbare newlines", b"bare newlines", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc", b"abc", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", b"abcde", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", b"ab", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc", b"abc", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc", b"", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n", b"", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n", b"", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcde\r\n0\r\n\r\n", b"abc", True),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", b"", False),
        (b"HTTP/1.1 100 Continue\r\nX: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", b"a", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100, b"x" * 100, False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + b"x" * 101, b"x" * 100, True),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 101, b"x" * 100, True),
    ],
)
def test_bodies_end_where_they_should(data: bytes, body: bytes, truncated: bool, step: int) -> None:
    """Length, chunks, close and cap each end the body, in whatever pieces it arrives."""
    response = read(data, step=step)

    assert (body, truncated, "") == (bytes(response.body), response.truncated, response.problem)
    assert response.status in (200, 204)


def test_it_stops_wanting_bytes_at_the_end_of_the_answer() -> None:
    """A keep-alive server need not close for the answer to be whole."""
    assert read(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", closed=False).done
    assert read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", closed=False).done
    assert not read(b"HTTP/1.1 200 OK\r\n\r\n{}", closed=False).done


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "empty"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "tls-alert"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not-http: something else answers"),
        (b"-ERR unknown command 'GET'\r\n", "not-http: something else answers"),
        (b"\x00\x00\x18\x04\x00\x00\x00\x00\x00" + b"\0" * 24, "not-http: HTTP/2 without being asked (gRPC)"),
        (b"HTTP/1.1 OK\r\n\r\n", "not-http: unreadable status line"),
        (b"HTTP/1.1 999 No\r\n\r\n", "not-http: unreadable status line"),
        (b"HTTP/1.1 20", "not-http: closed inside the headers"),
        (b"HTTP/1.1 102 Processing\r\nA: b", "not-http: closed inside the headers"),
        (b"HTTP/1." + b"1" * 3000, "not-http: endless first line or interim answers"),
    ],
)
def test_what_is_no_http_is_said(data: bytes, problem: str) -> None:
    """An answer that is not HTTP has no status and says what it looks like."""
    response = read(data)

    assert (None, problem, True) == (response.status, response.problem, response.done)


def test_a_header_bomb_is_cut_and_the_status_kept() -> None:
    """Too many header lines or bytes end the answer; what was read before still counts."""
    for bomb in (b"A: b\r\n" * 5000, b"A: " + b"b" * 5000):
        response = read(b"HTTP/1.1 200 OK\r\nServer: ollama\r\n" + bomb, closed=False)

        assert (response.status, response.truncated, response.done) == (200, True, True)
        assert response.headers[0] == ("server", "ollama")
        assert len(response.headers) <= SMALL.header_lines


def test_a_chunk_bomb_is_cut() -> None:
    """One-byte chunks with long extensions end at a multiple of the body cap."""
    bomb = b"1;" + b"x" * 900 + b"\r\na\r\n"
    response = read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + bomb * 10, closed=False, step=100)

    assert response.done
    assert response.truncated
    assert len(response.body) <= 1


def test_header_values_lose_control_bytes_and_keep_their_order() -> None:
    """Escapes and line folding in header values reach nobody's terminal."""
    response = read(
        b"HTTP/1.1 200 OK\r\nServer: a\x1b[31mb\x00\r\nX-B: 1\r\n folded\r\nno colon\r\nB\xc3d: 1\r\nX-A: \x9bz\r\n\r\n"
    )

    assert response.headers == [("server", "a[31mb"), ("x-b", "1 folded"), ("x-a", "z")]


def test_an_event_stream_ends_after_its_first_event() -> None:
    """The empty priming event does not count; the first event with data ends the reading."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

    waiting = read(head + b"id: 1\ndata:\n\n", closed=False)
    over = read(head + b"id: 1\r\ndata:\r\n\r\nevent: message\r\ndata: {}\r\n\r\n", closed=False)

    assert (waiting.done, waiting.streaming) == (False, True)
    assert (over.done, over.truncated) == (True, True)


@pytest.mark.parametrize(
    ("data", "status", "problem"),
    [
        (b"", None, "timeout"),
        (b"HTTP/1.1 2", None, "timeout"),
        (b"HTTP/1.1 200 OK\r\nServer: a\r\n", 200, ""),
        (b"HTTP/1.1 200 OK\r\n\r\nab", 200, ""),
    ],
)
def test_time_may_end_an_answer_anywhere(data: bytes, status: int | None, problem: str) -> None:
    """When the time is over, a status that came is kept and marked as cut."""
    response = read(data, closed=False)

    response.expire()

    assert (status, problem, True) == (response.status, response.problem, response.done)
    assert response.truncated is (status is not None)


HEADS = st.sampled_from(
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 50\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ]
)


@settings(max_examples=150, deadline=None)
@given(head=HEADS, tail=st.binary(max_size=400), step=st.integers(1, 200))
@example(head=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", tail=b"1\r\na\r", step=1)
def test_any_bytes_end_within_the_caps(head: bytes, tail: bytes, step: int) -> None:
    """Whatever a server sends, in whatever pieces: no exception, no more than the caps, the same answer."""
    whole, pieces = read(head + tail), read(head + tail, step=step)

    assert pieces.done
    assert len(pieces.body) <= SMALL.body_bytes
    assert len(pieces.headers) <= SMALL.header_lines
    assert (pieces.status is None) == bool(pieces.problem)
    assert (whole.status, whole.headers) == (pieces.status, pieces.headers)


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=100), cuts=st.lists(st.integers(1, 30), max_size=10), step=st.integers(1, 60))
def test_chunked_bodies_come_back_whole(body: bytes, cuts: list[int], step: int) -> None:
    """A body sent in any chunks is the body."""
    rest, wire = body, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for cut in [*cuts, 100]:
        piece, rest = rest[:cut], rest[cut:]
        wire += b"%x\r\n%b\r\n" % (len(piece), piece) if piece else b""

    response = read(wire + b"0\r\n\r\n", step=step, budget=Budget())

    assert (body, False) == (bytes(response.body), response.truncated)


def test_an_endless_chunk_size_is_cut() -> None:
    """A size line that never ends is not waited for."""
    response = read(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1;" + b"x" * 2000, closed=False, budget=Budget()
    )

    assert (response.done, response.truncated) == (True, True)


def test_what_comes_after_the_end_changes_nothing() -> None:
    """Once the answer is whole, a close, a time-out or more bytes are no news."""
    response = read(OK_ANSWER, closed=False)

    response.close()
    response.expire()
    response.feed(b"more")

    assert (response.status, bytes(response.body), response.truncated) == (200, b"{}", False)


OK_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
