"""One scraper's connection: TLS, request, answer, end. It never waits; the endpoint's loop does."""

from __future__ import annotations

import selectors
import socket
import ssl
from collections.abc import Callable

from aiguard_agent.metrics.request import HEAD_LIMIT, complete

CHUNK = 4096
LEFTOVER = 1 << 16
"""Bytes behind a request that are read and forgotten, so that closing does not reset the answer away."""


class Connection:
    """Goes on whenever its socket lets it; `deadline` is for all of it together."""

    def __init__(
        self,
        accepted: socket.socket,
        deadline: float,
        answer: Callable[[bytes], bytes],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        accepted.setblocking(False)
        self.deadline = deadline
        self.socket: socket.socket = accepted
        if tls is not None:
            self.socket = tls.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
        self._answer = answer
        self._shaken = tls is None
        self._received = bytearray()
        self._sending: memoryview | None = None

    @property
    def idle(self) -> bool:
        """True while the request is not here yet."""
        return self._sending is None

    def advance(self) -> int:
        """Go as far as possible without waiting; return the event to wait for, 0 at the end."""
        try:
            self._shake()
            rest = self._sending = self._asked() if self._sending is None else self._sending
            while rest:
                rest = self._sending = rest[self.socket.send(rest) :]
        except ssl.SSLWantReadError:
            return selectors.EVENT_READ
        except ssl.SSLWantWriteError:
            return selectors.EVENT_WRITE
        except BlockingIOError:
            return selectors.EVENT_READ if self.idle else selectors.EVENT_WRITE
        except OSError:
            return 0  # a reset, a broken handshake: the caller's loss
        return 0

    def _shake(self) -> None:
        if not self._shaken and isinstance(self.socket, ssl.SSLSocket):
            self.socket.do_handshake()
            self._shaken = True

    def _asked(self) -> memoryview:
        """Return the answer once the request is here; raises OSError, also for "not yet"."""
        while not (complete(self._received) or len(self._received) > HEAD_LIMIT):
            chunk = self.socket.recv(CHUNK)
            if not chunk:
                raise ConnectionResetError("ended before its request did")
            self._received += chunk
        return memoryview(self._answer(bytes(self._received)))

    def last_words(self, text: bytes) -> None:
        """Send a few bytes if that can be done at once; for who took too long."""
        if self._shaken and self.idle:
            try:
                self.socket.send(text)
            except OSError:
                return  # nobody listens

    def close(self) -> None:
        """End it, politely as far as that takes no time."""
        try:
            if isinstance(self.socket, ssl.SSLSocket) and self._shaken:
                self.socket.unwrap()
            else:
                self.socket.shutdown(socket.SHUT_WR)
                self._forget()
        except OSError:
            pass  # the other side was faster
        finally:
            self.socket.close()

    def _forget(self) -> None:
        for _chunk in range(LEFTOVER // CHUNK):
            if not self.socket.recv(CHUNK):
                return
