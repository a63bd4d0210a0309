"""A process full of nasty servers on loopback; prints its ports as JSON, lives until its stdin ends.

Every port misbehaves in one way. `canary` counts requests for /redirected, where the redirects point: nobody should.
"""

import json
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
visits = {"canary": 0}


def serve(handle: Callable[[socket.socket], None], context: ssl.SSLContext | None = None) -> int:
    listener = socket.create_server(("127.0.0.1", 0))

    def loop() -> None:
        while True:
            peer, _address = listener.accept()
            threading.Thread(target=guarded, args=(handle, peer, context), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    return listener.getsockname()[1]


def guarded(handle: Callable[[socket.socket], None], peer: socket.socket, context: ssl.SSLContext | None) -> None:
    with suppress(OSError):
        if context is not None:
            peer = context.wrap_socket(peer, server_side=True)
        handle(peer)
        peer.close()


def forever(peer: socket.socket) -> None:
    peer.recv(4096)
    peer.sendall(JSON_HEAD + b'\r\n{"a": "')
    while True:
        peer.sendall(b"x")
        stop.wait(0.2)


def gigabyte(peer: socket.socket) -> None:
    peer.recv(4096)
    peer.sendall(JSON_HEAD + b"Content-Length: 1073741824\r\n\r\n")
    for _ in range(1024):
        peer.sendall(bytes(1 << 20))


def headers_without_end(peer: socket.socket) -> None:
    peer.recv(4096)
    peer.sendall(JSON_HEAD)
    while True:
        peer.sendall(b"X-More: " + b"y" * 1000 + b"\r\n")


def redirecting(target: int) -> Callable[[socket.socket], None]:
    def handle(peer: socket.socket) -> None:
        peer.recv(4096)
        elsewhere = f"Location: http://127.0.0.1:{target}/redirected\r\n".encode()
        peer.sendall(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n" + elsewhere + b"\r\n")

    return handle


def silent(peer: socket.socket) -> None:
    stop.wait(60)


def garbage(peer: socket.socket) -> None:
    peer.recv(4096)
    peer.sendall(b"\x00\xff\x1b[31m" * 1000)


def forged(peer: socket.socket) -> None:
    """An answer that wants to be a second record: line breaks, escapes and formulas in a version."""
    peer.recv(4096)
    body = json.dumps(
        {"version": '1.0\n=cmd|"x"\u202e\x1b[31m', "models": [{"name": "=1+1\r\nserver,forged"}]}
    ).encode()
    peer.sendall(JSON_HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def canary(peer: socket.socket) -> None:
    visits["canary"] += b"/redirected" in peer.recv(4096)
    peer.sendall(b"\x00\xff\x1b[31m" * 1000)


stop = threading.Event()

if __name__ == "__main__":
    certificate, crowd = sys.argv[1], int(sys.argv[2])
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    ports = {"canary": serve(canary)}
    behaviours = (forever, gigabyte, headers_without_end, redirecting(ports["canary"]), silent, garbage, forged)
    for behaviour in behaviours:
        ports[behaviour.__name__] = serve(behaviour)
    ports["tls"] = serve(forged, tls)
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(crowd)]
    print(json.dumps(ports), flush=True)
    for _line in sys.stdin:
        print(json.dumps(visits), flush=True)
