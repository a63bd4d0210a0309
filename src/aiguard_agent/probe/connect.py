"""One request to one target over a socket, under one deadline; the only module that connects to what we observe."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from aiguard_agent.core.probing import HttpAnswer, ProbeRequest, Target
from aiguard_agent.probe.discreet import key_names, safe_headers
from aiguard_agent.probe.doorway import open_socket_file
from aiguard_agent.probe.policy import Budget, holds_secret, opens_session
from aiguard_agent.probe.wire import Response, request_bytes

_CHUNK = 16 * 1024
_HTTPS_EXPECTED = (b"plain http request", b"http request to an https", b"https scheme", b"requires tls")
_UNREACHABLE = frozenset({errno.EADDRNOTAVAIL, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EAFNOSUPPORT})


class Line:
    """The way to one target: remembers whether it speaks TLS, so that later questions go right at once."""

    def __init__(self, target: Target, budget: Budget, end: float, pid_alive: Callable[[Target], bool]) -> None:
        self._target = target
        self._budget = budget
        self._end = end
        self._alive = pid_alive
        self._tls: bool | None = None
        self.timed_out = False
        """True when the last question ran into its deadline."""

    def ask(self, request: ProbeRequest) -> HttpAnswer:
        """Send one request, over TLS too when plain HTTP is not understood, and return what came back."""
        deadline = min(self._end, time.monotonic() + self._budget.request_seconds)
        self.timed_out = False
        if self._tls is not None:
            return self._answer(request, self._attempt(request, deadline, tls=self._tls), tls=self._tls)
        plain = self._attempt(request, deadline, tls=False)
        if not _wants_tls(plain):
            self._tls = False if plain.status is not None else None
            return self._answer(request, plain, tls=False)
        secret = self._attempt(request, deadline, tls=True)
        if secret.status is None and plain.status is not None:
            return self._answer(request, plain, tls=False)
        self._tls = True if secret.status is not None else None
        return self._answer(request, secret, tls=True)

    def _attempt(self, request: ProbeRequest, deadline: float, *, tls: bool) -> Response:
        response = Response(self._budget)
        try:
            with self._connected(deadline, tls=tls) as sock:
                _exchange(sock, request_bytes(self._target, request), response, deadline)
        except TimeoutError:
            self.timed_out = not response.streaming
            response.expire()
        except (OSError, ValueError) as error:
            response.close()
            if response.status is None and (response.problem in ("", "empty") or tls):
                response.problem = _words(error)
        if opens_session(request):
            self._end_session(request, response, deadline, tls=tls)
        return response

    def _end_session(self, request: ProbeRequest, response: Response, deadline: float, *, tls: bool) -> None:
        """Close the MCP session that an `initialize` opened, so that nothing of us stays behind."""
        session = next((value for name, value in response.headers if name == "mcp-session-id"), "")
        if not (session.isascii() and session.isprintable() and 0 < len(session) <= 256):
            return
        goodbye = ProbeRequest(path=request.path, method="DELETE")
        with suppress(OSError, ValueError), self._connected(deadline, tls=tls) as sock:
            data = request_bytes(self._target, goodbye, [("Mcp-Session-Id", session)])
            _exchange(sock, data, Response(self._budget), deadline)

    def _connected(self, deadline: float, *, tls: bool) -> socket.socket:
        soon = min(deadline, time.monotonic() + self._budget.connect_seconds)
        sock = _dial(self._target, soon, self._alive)
        if not tls:
            return sock
        try:
            sock.settimeout(_left(deadline))
            return _tls_context().wrap_socket(sock, server_hostname="localhost")
        except BaseException:
            sock.close()
            raise

    def _answer(self, request: ProbeRequest, response: Response, *, tls: bool) -> HttpAnswer:
        body = bytes(response.body)
        if not request.keep_body or holds_secret(request.path):
            body = key_names(body)
        return HttpAnswer(
            target=self._target,
            request=request,
            status=response.status,
            headers=safe_headers(response.headers) if response.status is not None else (),
            body=body if response.status is not None else b"",
            truncated=response.truncated,
            tls=tls and response.status is not None,
            error=_error(response),
        )


def addresses(target: Target) -> Sequence[str]:
    """Return the addresses to try: the bound one, or loopback for a wildcard.

    A dual-stack wildcard socket is reached over IPv4 where its namespace has IPv6 switched off (Docker's default).
    """
    if target.family == "tcp4":
        return ("127.0.0.1",) if target.address == "0.0.0.0" else (target.address,)  # noqa: S104 - compared, not bound
    return ("::1", "127.0.0.1") if target.address == "::" else (target.address,)


def _dial(target: Target, deadline: float, pid_alive: Callable[[Target], bool]) -> socket.socket:
    if target.family == "unix":
        return _dial_unix(target, deadline, pid_alive)
    last: OSError | None = None
    for address in addresses(target):
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            # From its own address: if the host lost that address meanwhile, this fails instead of
            # carrying the question to whichever machine has it now.
            sock.bind((address, 0))
            sock.settimeout(_left(deadline))
            sock.connect((address, target.port))
        except OSError as error:
            sock.close()
            last = error
            if error.errno not in _UNREACHABLE:
                raise
        else:
            return sock
    raise last or OSError(errno.EADDRNOTAVAIL, "no address to ask")


def _dial_unix(target: Target, deadline: float, pid_alive: Callable[[Target], bool]) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(_left(deadline))
        if target.address.startswith("@"):
            sock.connect(b"\0" + os.fsencode(target.address[1:]))
            return sock
        fd = open_socket_file(target, pid_alive)
        try:
            sock.connect(f"/proc/self/fd/{fd}")
        finally:
            os.close(fd)
    except BaseException:
        sock.close()
        raise
    return sock


def _exchange(sock: socket.socket, data: bytes, response: Response, deadline: float) -> None:
    sock.settimeout(_left(deadline))
    sock.sendall(data)
    while not response.done:
        sock.settimeout(_left(deadline))
        piece = sock.recv(_CHUNK)
        if piece:
            response.feed(piece)
        else:
            response.close()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _tls_context() -> ssl.SSLContext:
    """Return a context that believes every certificate.

    We identify what answers on this host and send it no secret; a self-signed or expired
    certificate must not hide a server, and weak old ciphers must not either.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.set_alpn_protocols(["http/1.1"])
    return context


def _wants_tls(response: Response) -> bool:
    if response.status is None:
        return response.problem in ("empty", "tls-alert", "reset")
    return response.status == 400 and any(words in response.body.lower() for words in _HTTPS_EXPECTED)


def _error(response: Response) -> str:
    if response.status is not None:
        return ""
    return {"empty": "not-http: closed without an answer", "tls-alert": "tls: alert instead of an answer"}.get(
        response.problem, response.problem or "not-http: no answer"
    )


def _words(error: OSError | ValueError) -> str:
    """Say in the words of `HttpAnswer.error` why no answer came."""
    if isinstance(error, ssl.SSLError):
        return f"tls: {(error.reason or 'handshake failed').lower().replace('_', ' ')}"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, ConnectionError):
        return "reset"
    if isinstance(error, PermissionError):
        return f"denied: {error.strerror}"
    if isinstance(error, BlockingIOError):
        return "refused: its backlog is full"
    if isinstance(error, FileNotFoundError | ProcessLookupError):
        return "vanished"
    return f"unreachable: {getattr(error, 'strerror', None) or error}"
