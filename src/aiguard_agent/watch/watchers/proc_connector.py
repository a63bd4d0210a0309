"""The kernel's process connector: a message for every program that starts or ends, 40 microseconds later."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import time
from collections.abc import Sequence

from aiguard_agent.core.facts import Blind
from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.watch import connector
from aiguard_agent.watch.canary import run_program
from aiguard_agent.watch.watcher import Counters, Deed, Host, Settings, Watcher

_CONNECTOR = 11
_FORCE = 33
"""SO_RCVBUFFORCE: past the sysctl limit, with CAP_NET_ADMIN."""
_DATAGRAM = 4096
_AT_ONCE = 512
"""Datagrams that one read takes; the rest waits in the kernel's buffer, which is large for that."""
_ANSWER_SECONDS = 0.3


class ProcConnector:
    """An open subscription."""

    def __init__(self, buffer: int) -> None:
        self.counters = Counters()
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, _CONNECTOR)
        try:
            self._socket.setblocking(False)
            self._socket.bind((0, connector.GROUP))
            granted = _grow(self._socket, buffer)
            self._subscribe()
        except OSError:
            self._socket.close()
            raise
        self._buffer = f"receive buffer {granted >> 10} KiB of {buffer >> 10} KiB asked"
        self._unfiltered = False

    @property
    def words(self) -> str:
        """Return what the kernel granted, and who filters."""
        return f"{self._buffer}, " + ("filtered here" if self._unfiltered else "filtered by the kernel")

    def _subscribe(self) -> None:
        """Subscribe to everything, which every kernel confirms; then narrow it, which none does.

        A kernel before 6.6 passes over the second request, and goes on telling everything.
        """
        token = int.from_bytes(os.urandom(3), "big")
        self._socket.send(connector.request(connector.LISTEN, token))
        code = self._answer(token)
        if code is None:
            raise OSError(errno.EOPNOTSUPP, "the kernel does not answer: not the initial pid and user namespace?")
        if code:
            raise OSError(code, os.strerror(code), "process connector")
        self._socket.send(connector.request(connector.LISTEN, token, connector.FILTER))
        for _ in range(_AT_ONCE):  # what came before the filter says nothing about it
            try:
                self._socket.recv(_DATAGRAM)
            except OSError:
                break

    def _answer(self, token: int) -> int | None:
        """Wait for the kernel's answer to one request; None when it does not come."""
        until = time.monotonic() + _ANSWER_SECONDS
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        while (left := until - time.monotonic()) > 0 and poll.poll(left * 1000):
            with contextlib.suppress(BlockingIOError):
                answer = connector.answer(self._socket.recv(_DATAGRAM))
                if answer is not None and answer.token == token:
                    return answer.error
        return None

    def fileno(self) -> int:
        """Return the netlink socket."""
        return self._socket.fileno()

    def due(self) -> float | None:
        """It speaks for itself."""
        return None

    def read(self) -> Sequence[Hint]:
        """Return the programs that started or ended; ENOBUFS is one lost hint, and reading goes on."""
        hints: list[Hint] = []
        now = time.monotonic()
        receive = self._socket.recv
        for _ in range(_AT_ONCE):
            try:
                data = receive(_DATAGRAM)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.counters.lost += 1
                hints.append(_overrun(now))
                continue
            self.counters.events += 1
            found = connector.parse(data, now)
            hints += found
            self._unfiltered = self._unfiltered or (not found and connector.unasked(data))
        return hints

    def hear(self, hints: Sequence[Hint]) -> None:
        """Nobody can tell it anything."""

    def blinds(self) -> tuple[Blind, ...]:
        """It sees every namespace below it."""
        return ()

    def canary(self) -> Deed:
        """Run `true`."""
        return run_program()

    def close(self) -> None:
        """Unsubscribe: an older kernel keeps counting us otherwise."""
        if self._socket.fileno() >= 0:
            with contextlib.suppress(OSError):
                self._socket.send(connector.request(connector.IGNORE, 0))
        with contextlib.suppress(OSError):
            self._socket.close()


def _overrun(now: float) -> Hint:
    words = "process connector: receive buffer overrun"
    return Hint(source=connector.NAME, kind=HintKind.LOST, subject=words, at=now)


def _grow(one: socket.socket, size: int) -> int:
    """Ask for a receive buffer of `size`; return what the kernel granted (it books the double of what is used)."""
    try:
        one.setsockopt(socket.SOL_SOCKET, _FORCE, size)
    except PermissionError:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
    return one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2


def _open(host: Host, settings: Settings) -> ProcConnector:
    if not host.live:
        raise OSError(errno.EOPNOTSUPP, "a recorded host has no events")
    return ProcConnector(settings.buffer)


WATCHER = Watcher(
    name=connector.NAME,
    help="programs that start and end, from the kernel's process connector",
    ranks={HintKind.PROCESS: 20},
    better_with=("CAP_NET_ADMIN",),
    init_namespaces=True,
    loses="when its receive buffer overruns; the next read fails with ENOBUFS, once",
    parse=connector.parse,
    open=_open,
)
