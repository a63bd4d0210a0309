"""One request and one answer of the endpoint, as bytes. Pure: no socket is known here.

GET and HEAD without a body, three paths, one answer for each connection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

HEAD_LIMIT = 8192
"""Bytes of a request: its line and all headers."""
_LINE = re.compile(r"([A-Z]{1,16}) (/[!-~]{0,2047}) HTTP/1\.[01]\Z")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}):[ \t]*(.*?)[ \t]*\Z")
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked."""

    method: str
    path: str
    """Without the query, which is ignored."""
    headers: Mapping[str, str]
    """By lower-case name; of a header that came twice, the first with the others behind commas."""

    def header(self, name: str) -> str:
        """Return a header by its lower-case name, "" when it was not sent."""
        return self.headers.get(name, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is said."""

    status: int
    body: bytes = b""
    kind: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = field(default=())


def complete(received: bytes | bytearray) -> bool:
    """Tell whether the head of a request has arrived."""
    return b"\r\n\r\n" in received


def parse(received: bytes) -> Request | Answer:
    """Return the request, or the answer that refuses it; any bytes will do."""
    if len(received) > HEAD_LIMIT:
        return plain(431)
    head = received.partition(b"\r\n\r\n")[0].decode("latin-1")
    first, *lines = head.split("\r\n")
    line = _LINE.match(first)
    headers = _headers(lines)
    if line is None or headers is None or _has_body(headers):
        return plain(400)
    if line[1] not in ("GET", "HEAD"):
        return Answer(status=405, body=_words(405), headers=(("Allow", "GET, HEAD"),))
    return Request(method=line[1], path=line[2].partition("?")[0], headers=headers)


def _headers(lines: list[str]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for line in lines:
        header = _HEADER.match(line)
        if header is None:
            return None
        name = header[1].lower()
        found[name] = f"{found[name]}, {header[2]}" if name in found else header[2]
    return found


def _has_body(headers: Mapping[str, str]) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0").strip("0") != ""


def plain(status: int, words: str = "") -> Answer:
    """Return an answer of a few words."""
    return Answer(status=status, body=f"{words}\n".encode() if words else _words(status))


def _words(status: int) -> bytes:
    return f"{REASONS[status]}\n".encode()


def encode(answer: Answer, *, head_only: bool = False) -> bytes:
    """Return an answer as it is sent; the connection ends with it."""
    headers = (
        ("Content-Type", answer.kind),
        ("Content-Length", str(len(answer.body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        *answer.headers,
        ("Connection", "close"),
    )
    lines = [f"HTTP/1.1 {answer.status} {REASONS[answer.status]}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if head_only else answer.body)
