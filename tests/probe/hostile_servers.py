"""Servers on loopback that do everything wrong, each in a thread of its own."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aiguard_agent.core.probing import ProbeRequest, Target
from aiguard_agent.probe.doorway import own_namespace
from aiguard_agent.probe.policy import Budget

Serve = Callable[[socket.socket, threading.Event], None]

TOKEN = uuid.uuid4().hex
"""Goes into the Accept header of every question, so that whoever else knocks at a port of ours is not counted."""

FAST = Budget(total_seconds=3.0, request_seconds=0.4, connect_seconds=0.2, parallel=4)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """What a test may know of a running server."""

    def __init__(self, listener: socket.socket) -> None:
        self.port: int = listener.getsockname()[1] if listener.family != socket.AF_UNIX else 0
        self.requests: list[bytes] = []
        self.connections = 0
        """Connections that carried a question of this test run."""
        self.over = threading.Event()


def target(
    port: int, *, address: str = "127.0.0.1", family: str = "tcp4", pid: int | None = None, netns: int | None = -1
) -> Target:
    return Target(
        pid=os.getpid() if pid is None else pid,
        start_ticks=1,
        netns=own_namespace() if netns == -1 else netns,
        family=family,
        address=address,
        port=port,
    )


def get(path: str = "/", *, keep_body: bool = True) -> ProbeRequest:
    return ProbeRequest(path=path, keep_body=keep_body, accept=f"*/*; run={TOKEN}")


def alive(_target: Target) -> bool:
    return True


@contextmanager
def serving(
    serve: Serve, *, listener: socket.socket | None = None, tls: ssl.SSLContext | None = None, read: bool = True
) -> Iterator[Server]:
    """Run `serve` on every connection; the request is read and kept first unless `read` is off."""
    listener = listener or socket.create_server(("127.0.0.1", 0))
    server = Server(listener)
    threads: list[threading.Thread] = []

    def note(request: bytes) -> None:
        if TOKEN.encode() in request:
            server.connections += 1
            server.requests.append(request)

    def one(connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection:
            if tls and (start := connection.recv(65536, socket.MSG_PEEK)).startswith(b"GET"):
                note(start)
            with tls.wrap_socket(connection, server_side=True) if tls else connection as stream:
                if read:
                    note(stream.recv(65536))
                serve(stream, server.over)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threads.append(threading.Thread(target=one, args=(connection,), daemon=True))
                threads[-1].start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield server
    finally:
        server.over.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(5)
        for thread in threads:
            thread.join(5)


def says(*pieces: bytes) -> Serve:
    def serve(stream: socket.socket, _over: threading.Event) -> None:
        for piece in pieces:
            stream.sendall(piece)

    return serve


def says_and_holds(data: bytes) -> Serve:
    """Answer, and keep the connection open like a server that ignores `Connection: close`."""

    def serve(stream: socket.socket, over: threading.Event) -> None:
        stream.sendall(data)
        over.wait(10)

    return serve


def drips(head: bytes, drop: bytes = b"x", every: float = 0.02) -> Serve:
    """Send one drop again and again, each in time to keep a per-read timeout from ever firing."""

    def serve(stream: socket.socket, over: threading.Event) -> None:
        stream.sendall(head)
        while not over.wait(every):
            stream.sendall(drop)

    return serve


def floods(head: bytes, block: bytes = b"x" * 65536, seconds: float = 10.0) -> Serve:
    """Send as much as the peer takes."""

    def serve(stream: socket.socket, over: threading.Event) -> None:
        stream.sendall(head)
        end = time.monotonic() + seconds
        while not over.is_set() and time.monotonic() < end:
            stream.sendall(block)

    return serve


def resets(stream: socket.socket, _over: threading.Event) -> None:
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    stream.close()


def self_signed(folder: Path) -> ssl.SSLContext:
    """Return a server context with a certificate nobody has reason to believe: other name, long expired."""
    key, certificate = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
        + ["-days", "1", "-subj", "/CN=not-the-name-you-expect.example"],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
