"""The scrape target: one thread, many connections, none of which may keep another waiting.

`/metrics`, `/-/healthy`, `/-/ready`; nothing else. Every connection has one deadline, and when all places are taken the
one that has waited longest for its request gives way: slow or idle callers never lock a scraper out.
"""

from __future__ import annotations

import ipaddress
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from aiguard_agent.metrics.access import Access
from aiguard_agent.metrics.connection import Connection
from aiguard_agent.metrics.exposition import Form, accepts_gzip, compress, negotiate
from aiguard_agent.metrics.request import REASONS, Answer, Request, encode, parse, plain
from aiguard_agent.metrics.sockets import Door, tcp_door, tls_context, unix_door

ACCEPTED_AT_ONCE = 16
"""New connections taken before those that already wait are served again."""
REST = 0.1
"""Seconds without accepting when the process has no file descriptor left."""


class Source(Protocol):
    """What the endpoint asks for expositions; `board.Board` is one."""

    @property
    def ready(self) -> bool:
        """True once there is something to tell of the host."""
        ...

    def text(self, form: Form) -> bytes:
        """Return the exposition as it is now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where to listen and whom to answer."""

    host: str = "127.0.0.1"
    """IP address; "" = no TCP."""
    port: int = 26442
    """0 = any free one."""
    unix: str = ""
    """Path of a unix socket (mode 0660) that answers the same, without TLS and credentials; "" = none."""
    group: int | None = None
    """Group of that path; None = the agent's own."""
    certificate: str = ""
    key: str = ""
    client_ca: str = ""
    """With it, a scraper must show a certificate that this CA signed."""
    access: Access = field(default_factory=Access)
    seconds: float = 10.0
    """For one connection, all of it together."""
    connections: int = 128
    """At the same time."""

    def doubts(self) -> tuple[str, ...]:
        """Say in words what an operator may not have meant."""
        if not self.host or ipaddress.ip_address(self.host).is_loopback:
            return ()
        told = []
        if not self.certificate:
            told.append(f"metrics are served on {self.host} without TLS: the network can read them")
        if not self.certificate and not self.access.open:
            told.append("the password or token of the metrics is sent over the network in the clear")
        if self.access.open and not self.client_ca:
            told.append(f"metrics are served on {self.host} to anybody: they tell which AI servers run here")
        return tuple(told)


def _silent(_event: str, **_data: object) -> None:
    return None


class Endpoint:
    """Serves from `start` to `stop`, in a thread of its own."""

    def __init__(
        self,
        settings: Settings,
        source: Source,
        log: Callable[..., object] = _silent,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._source = source
        self._log = log
        self._clock = clock
        self._counts = dict.fromkeys(REASONS, 0)
        self._doors: tuple[Door, ...] = ()
        self._waiting: dict[int, Connection] = {}
        """By file descriptor, oldest first: with one lifetime for all, also in the order of their deadlines."""
        self._selector = selectors.DefaultSelector()
        self._stopping = threading.Event()
        self._waker, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it listens, as a scraper would write it; nowhere before `start` and after `stop`."""
        return tuple(door.path or _url(door) for door in self._doors)

    @property
    def alive(self) -> bool:
        """True while its thread runs."""
        return self._thread.is_alive()

    def requests(self) -> Mapping[int, int]:
        """Return how often each status was answered; 408 = given up."""
        return dict(self._counts)

    def start(self) -> None:
        """Open the doors and serve; raises OSError or UsageError when a door cannot be opened, and opens none then."""
        doors = []
        try:
            if self.settings.host:
                doors.append(tcp_door(self.settings.host, self.settings.port, self._tls()))
            if self.settings.unix:
                doors.append(unix_door(self.settings.unix, self.settings.group))
        except BaseException:
            for door in doors:
                door.close()
            raise
        self._doors = tuple(doors)
        for door in self._doors:
            self._selector.register(door.socket, selectors.EVENT_READ, partial(self._accept, door))
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._thread.start()

    def _tls(self) -> ssl.SSLContext | None:
        wanted = self.settings
        return tls_context(wanted.certificate, wanted.key, wanted.client_ca) if wanted.certificate else None

    def stop(self) -> None:
        """Close everything, the connections included; returns when the thread has ended."""
        self._stopping.set()
        self._waker.send(b".")
        if self._thread.ident is not None:
            self._thread.join()
        for connection in [*self._waiting.values()]:
            self._end(connection)
        doors, self._doors = self._doors, ()
        for door in doors:
            door.close()
        self._selector.close()
        self._waker.close()
        self._woken.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            first = next(iter(self._waiting.values()), None)
            patience = None if first is None else max(first.deadline - self._clock(), 0.0)
            for key, _events in self._selector.select(patience):
                if key.data is not None:
                    key.data()
            self._expire()

    def _accept(self, door: Door) -> None:
        for _turn in range(ACCEPTED_AT_ONCE):
            try:
                accepted, _address = door.socket.accept()
            except BlockingIOError:
                return
            except OSError:  # no descriptors or no memory; the caller who went away again is met in advance()
                if not self._give_way():
                    self._stopping.wait(REST)
                return
            if len(self._waiting) >= self.settings.connections:
                self._give_way()
            self._welcome(accepted, door)

    def _welcome(self, accepted: socket.socket, door: Door) -> None:
        deadline = self._clock() + self.settings.seconds
        try:
            connection = Connection(accepted, deadline, partial(self._answer, door), door.tls)
        except OSError:
            accepted.close()  # gone before TLS could begin
            return
        self._waiting[connection.socket.fileno()] = connection
        self._selector.register(connection.socket, selectors.EVENT_READ, partial(self._serve, connection))

    def _give_way(self) -> bool:
        """End the connection that has waited longest for its request, else the oldest; False when there is none."""
        everybody = [*self._waiting.values()]
        if not everybody:
            return False
        self._end(next((one for one in everybody if one.idle), everybody[0]))
        return True

    def _serve(self, connection: Connection) -> None:
        if connection.socket.fileno() not in self._waiting:
            return  # it gave way to another in this very turn
        wanted = connection.advance()
        if not wanted:
            self._end(connection)
            return
        key = self._selector.get_key(connection.socket)
        if wanted != key.events:
            self._selector.modify(connection.socket, wanted, key.data)

    def _expire(self) -> None:
        now = self._clock()
        for connection in [*self._waiting.values()]:
            if connection.deadline > now:
                return
            self._counts[408] += 1
            connection.last_words(encode(plain(408)))
            self._end(connection)

    def _end(self, connection: Connection) -> None:
        self._waiting.pop(connection.socket.fileno(), None)
        self._selector.unregister(connection.socket)
        connection.close()

    def _answer(self, door: Door, received: bytes) -> bytes:
        request = parse(received)
        answer = request if isinstance(request, Answer) else self._reply(request, door)
        self._counts[answer.status] += 1
        return encode(answer, head_only=isinstance(request, Request) and request.method == "HEAD")

    def _reply(self, request: Request, door: Door) -> Answer:
        if request.path == "/-/healthy":
            return plain(200, "healthy")
        if request.path == "/-/ready":
            return plain(200, "ready") if self._source.ready else plain(503, "no scan has ended yet")
        access = self.settings.access
        if door.guarded and not access.allows(request.header("authorization")):
            return Answer(status=401, body=b"Unauthorized\n", headers=(("WWW-Authenticate", access.challenge),))
        return self._metrics(request) if request.path == "/metrics" else plain(404)

    def _metrics(self, request: Request) -> Answer:
        form = negotiate(request.header("accept"))
        try:
            text = self._source.text(form)
        except Exception as error:  # noqa: BLE001 - a door: one number that cannot be told must not end the endpoint
            self._log("metrics_not_rendered", reason=repr(error))
            return plain(500)
        varying = (("Vary", "Accept, Accept-Encoding"),)
        if not accepts_gzip(request.header("accept-encoding")):
            return Answer(status=200, body=text, kind=form.value, headers=varying)
        packed = (*varying, ("Content-Encoding", "gzip"))
        return Answer(status=200, body=compress(text), kind=form.value, headers=packed)


def _url(door: Door) -> str:
    host, port = door.socket.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if door.tls else 'http'}://{shown}:{port}/metrics"
