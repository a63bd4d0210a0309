"""HTTP/1.1 as bytes, without a socket: build one request, read one answer that may be hostile.

The reader keeps at most `header_bytes` of headers and `body_bytes` of body, follows nothing, decompresses nothing and
ends by itself as soon as nothing more is of interest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum, auto

from aiguard_agent import __version__
from aiguard_agent.core.probing import ProbeRequest, Target
from aiguard_agent.probe.policy import Budget

NAME = f"aiguard-agent/{__version__} (read-only inventory probe)"

_STATUS = re.compile(rb"HTTP/1\.[0-9] ([1-5][0-9][0-9])(?: .*)?")
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_EVENT_END = re.compile(rb"\r?\n\r?\n")
_CHUNK_LINE = 1024
_FRAMING = 4
"""A body may cost this many times its cap on the wire before chunk framing is called a bomb."""


def request_bytes(target: Target, request: ProbeRequest, extra: Sequence[tuple[str, str]] = ()) -> bytes:
    """Return the request as it goes over the wire: no credentials, no cookies, one answer and goodbye."""
    body = request.body.encode()
    lines = [
        f"{request.method} {request.path} HTTP/1.1",
        # Some servers (MCP SDK, Ollama) refuse every other Host as DNS rebinding.
        f"Host: localhost:{target.port}" if target.port else "Host: localhost",
        f"User-Agent: {NAME}",
        f"Accept: {request.accept}",
        "Accept-Encoding: identity",
        "Connection: close",
        *(f"{name}: {value}" for name, value in extra),
    ]
    if request.method == "POST":
        lines += [f"Content-Type: {request.content_type or 'application/json'}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


class _Phase(Enum):
    HEAD = auto()
    LENGTH = auto()
    CHUNK_SIZE = auto()
    CHUNK = auto()
    CHUNK_END = auto()
    UNTIL_CLOSE = auto()


class Response:
    """One answer, fed piece by piece. `done` says that no more bytes are wanted."""

    def __init__(self, budget: Budget) -> None:
        self.status: int | None = None
        self.headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self.truncated = False
        self.problem = ""
        """Why this is no HTTP answer: `empty`, `tls-alert`, `timeout`, or `not-http: words`."""
        self.done = False
        self._budget = budget
        self._buffer = bytearray()
        self._phase = _Phase.HEAD
        self._head_bytes = self._head_lines = self._body_wire = self._left = 0

    @property
    def streaming(self) -> bool:
        """True for an event stream, which may stay silent for ever without anything being wrong."""
        return self._header("content-type").startswith("text/event-stream")

    @property
    def _settled(self) -> bool:
        """True once the status is not that of an interim answer."""
        return self.status is not None and (self.status >= 200 or self.status == 101)

    def feed(self, data: bytes) -> None:
        """Take the next bytes from the wire."""
        if self._phase is not _Phase.HEAD:
            self._body_wire += len(data)
        self._buffer += data
        while not self.done and self._buffer and self._step():
            pass
        if not self.done and self._body_wire > _FRAMING * self._budget.body_bytes:
            self._finish(truncated=True)

    def close(self) -> None:
        """Take note that the peer closed the connection."""
        if self.done:
            return
        if not self._settled:
            self._fail("not-http: closed inside the headers" if self._buffer or self._head_lines else "empty")
        else:
            self._finish(truncated=self._phase is not _Phase.UNTIL_CLOSE)

    def expire(self) -> None:
        """Take note that the time is over."""
        if self.done:
            return
        if not self._settled:
            self._fail("timeout")
        else:
            self._finish(truncated=True)

    def _fail(self, problem: str) -> None:
        self.problem, self.status, self.done = problem, None, True
        self.headers.clear()

    def _finish(self, *, truncated: bool) -> None:
        self.truncated = self.truncated or truncated
        self.done = True

    def _header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "").lower()

    def _step(self) -> bool:
        """Work off a part of the buffer; False = more bytes are needed."""
        match self._phase:
            case _Phase.HEAD:
                return self._head()
            case _Phase.LENGTH | _Phase.CHUNK:
                return self._counted()
            case _Phase.CHUNK_SIZE:
                return self._chunk_size()
            case _Phase.CHUNK_END:
                return self._chunk_end()
            case _Phase.UNTIL_CLOSE:
                self._take(len(self._buffer))
                return False

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\n")
        if end < 0:
            return None
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        return line

    def _head(self) -> bool:
        if self.status is None and (problem := _not_http(bytes(self._buffer[:9]))):
            self._fail(problem)
            return False
        size = len(self._buffer)
        line = self._line()
        self._head_lines += line is not None
        self._head_bytes += size - len(self._buffer) if line is not None else 0
        pending = len(self._buffer) if line is None else 0
        if self._head_bytes + pending > self._budget.header_bytes or self._head_lines > self._budget.header_lines + 1:
            self._overflow()
            return False
        if line is None:
            return False
        if self.status is None:
            self._status_line(line)
        elif line:
            self._header_line(line)
        else:
            self._head_end()
        return not self.done

    def _overflow(self) -> None:
        if not self._settled:
            self._fail("not-http: endless first line or interim answers")
        else:
            self._finish(truncated=True)

    def _status_line(self, line: bytes) -> None:
        found = _STATUS.fullmatch(line)
        if found is None:
            self._fail("not-http: unreadable status line")
        else:
            self.status = int(found[1])

    def _header_line(self, line: bytes) -> None:
        if line[:1] in (b" ", b"\t"):
            if self.headers:
                name, value = self.headers[-1]
                self.headers[-1] = (name, f"{value} {_text(line)}")
            return
        name_bytes, colon, rest = line.partition(b":")
        if colon and _TOKEN.fullmatch(name_bytes):
            self.headers.append((name_bytes.decode("ascii").lower(), _text(rest)))

    def _head_end(self) -> None:
        status = self.status or 0
        if 100 <= status < 200 and status != 101:
            self.status = None
            self.headers.clear()
            return
        if status in (101, 204, 304):
            self._finish(truncated=False)
            return
        self._body_wire = len(self._buffer)
        length = self._header("content-length")
        if "chunked" in self._header("transfer-encoding"):
            self._phase = _Phase.CHUNK_SIZE
        elif re.fullmatch(r"[0-9]{1,18}", length):
            self._left, self._phase = int(length), _Phase.LENGTH
            if self._left == 0:
                self._finish(truncated=False)
        else:
            self._phase = _Phase.UNTIL_CLOSE

    def _take(self, count: int) -> None:
        """Move bytes from the buffer to the body, up to its cap; the cap ends the answer."""
        room = self._budget.body_bytes - len(self.body)
        piece = bytes(self._buffer[: min(count, room)])
        self.body += piece
        del self._buffer[:count]
        if count > room or (self.streaming and b"\n" in piece and _has_event(self.body)):
            self._finish(truncated=True)

    def _counted(self) -> bool:
        count = min(self._left, len(self._buffer))
        self._take(count)
        self._left -= count
        if self._left == 0 and not self.done:
            if self._phase is _Phase.LENGTH:
                self._finish(truncated=False)
            self._phase = _Phase.CHUNK_END
        elif self._left and len(self.body) >= self._budget.body_bytes:
            self._finish(truncated=True)
        return not self.done

    def _chunk_size(self) -> bool:
        line = self._line()
        if line is None:
            if len(self._buffer) > _CHUNK_LINE:
                self._finish(truncated=True)
            return False
        found = _CHUNK.fullmatch(line) if len(line) <= _CHUNK_LINE else None
        if found is None:
            self._finish(truncated=True)
            return False
        self._left = int(found[1], 16)
        self._phase = _Phase.CHUNK
        if self._left == 0:
            self._finish(truncated=False)
        return not self.done

    def _chunk_end(self) -> bool:
        line = self._line()
        if line is None and len(self._buffer) < 2:
            return False
        if line != b"":
            self._finish(truncated=True)
        self._phase = _Phase.CHUNK_SIZE
        return not self.done


def _text(value: bytes) -> str:
    return _CONTROL.sub("", value.decode("latin-1")).strip()


def _not_http(start: bytes) -> str:
    """Say what the first bytes are when they cannot become an HTTP/1 answer, "" when they can."""
    prefix = b"HTTP/1."
    if start[: len(prefix)] == prefix[: len(start)]:
        return ""
    if start[0] == 0x15 and start[1:2] in (b"", b"\x03"):
        return "tls-alert"
    if len(start) >= 9 and start[3] == 4 and start[5:9] == b"\0\0\0\0":
        return "not-http: HTTP/2 without being asked (gRPC)"
    return "not-http: something else answers"


def _has_event(body: bytearray) -> bool:
    """Tell whether a whole event with data arrived; a priming event is empty and does not count."""
    events = _EVENT_END.split(bytes(body))[:-1]
    return any(line[5:].strip() for event in events for line in event.splitlines() if line.startswith(b"data:"))
