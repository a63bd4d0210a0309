"""Requests and answers as bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiguard_agent.metrics.request import HEAD_LIMIT, Answer, Request, complete, encode, parse, plain


def ask(line: str, *headers: str) -> bytes:
    return "\r\n".join([line, *headers, "", ""]).encode("latin-1")


def test_a_request_of_prometheus() -> None:
    """Method, path without the query, and headers by lower-case name."""
    request = parse(ask("GET /metrics?collect[]=x HTTP/1.1", "Host: a", "ACCEPT:  text/plain ", "accept: */*"))

    assert isinstance(request, Request)
    assert (request.method, request.path) == ("GET", "/metrics")
    assert request.header("accept") == "text/plain, */*"
    assert request.header("cookie") == ""


@pytest.mark.parametrize(
    ("received", "status"),
    [
        (ask("POST /metrics HTTP/1.1"), 405),
        (ask("PUT / HTTP/1.1"), 405),
        (ask("GET /metrics"), 400),
        (ask("GET http://x/metrics HTTP/1.1"), 400),
        (ask("GET /met rics HTTP/1.1"), 400),
        (ask("GET /metrics HTTP/2.0"), 400),
        (ask("get /metrics HTTP/1.1"), 400),
        (ask("GET /metrics HTTP/1.1", "no colon"), 400),
        (ask("GET /metrics HTTP/1.1", " folded: x"), 400),
        (ask("GET /metrics HTTP/1.1", "a b: x"), 400),
        (ask("GET /metrics HTTP/1.1", "Content-Length: 5"), 400),
        (ask("GET /metrics HTTP/1.1", "Transfer-Encoding: chunked"), 400),
        (ask("GET /" + "x" * 3000 + " HTTP/1.1"), 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (ask("GET /metrics HTTP/1.1", "X: " + "x" * HEAD_LIMIT), 431),
        (b"", 400),
    ],
)
def test_what_is_refused(received: bytes, status: int) -> None:
    """Other methods, bodies, broken lines and long heads get the right refusal."""
    answer = parse(received)

    assert isinstance(answer, Answer)
    assert answer.status == status


def test_a_length_of_nothing_is_no_body() -> None:
    """Some clients say that they send no body."""
    assert isinstance(parse(ask("GET /metrics HTTP/1.1", "Content-Length: 0")), Request)


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda tail: b"GET /metrics HTTP/1.1\r\n" + tail))
@settings(max_examples=100, deadline=None)
def test_any_bytes_get_an_answer(received: bytes) -> None:
    """No bytes raise; what is refused can be sent."""
    told = parse(received)

    assert isinstance(told, Request) or encode(told).startswith(b"HTTP/1.1 4")


def test_the_head_ends_with_an_empty_line() -> None:
    """One byte less is not yet a request."""
    whole = ask("GET / HTTP/1.1")

    assert complete(whole)
    assert not complete(whole[:-1])


def test_an_answer_on_the_wire() -> None:
    """Length, kind and the end of the connection are said; HEAD gets the same without the body."""
    sent = encode(plain(404))

    assert sent.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert sent.endswith(b"\r\nConnection: close\r\n\r\nNot Found\n")
    assert b"\r\nContent-Length: 10\r\n" in sent
    assert encode(plain(404), head_only=True) == sent.removesuffix(b"Not Found\n")
