"""Asking through every kind of socket: wildcards, unix, TLS."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hostile_servers import (
    FAST,
    OK,
    alive,
    get,
    says,
    self_signed,
    serving,
    target,
)

from aiguard_agent.core.probing import HttpAnswer, Target
from aiguard_agent.probe.ask import Question, ask_all
from aiguard_agent.probe.policy import Budget


def ask(
    questions: list[Question], budget: Budget = FAST, pid_alive: Callable[[Target], bool] = alive
) -> tuple[HttpAnswer, ...]:
    return ask_all(questions, budget, pid_alive=pid_alive)


def timed(questions: list[Question], budget: Budget = FAST) -> tuple[tuple[HttpAnswer, ...], float]:
    start = time.monotonic()
    answers = ask(questions, budget)
    return answers, time.monotonic() - start


@pytest.mark.parametrize(("address", "bind"), [("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "127.0.0.1")])
def test_wildcards_are_asked_through_loopback(address: str, bind: str) -> None:
    """A wildcard bind is asked over 127.0.0.1, another one where it is bound."""
    peers: list[str] = []

    def serve(stream: socket.socket, _over: threading.Event) -> None:
        peers.append(stream.getpeername()[0])
        stream.sendall(OK)

    with serving(serve, listener=socket.create_server((address, 0))) as server:
        (answer,) = ask([(target(server.port, address=address), get())])

    assert answer.status == 200
    assert set(peers) == {bind}


def test_a_dual_stack_wildcard_is_asked() -> None:
    """A socket bound to :: is reached over ::1, or over 127.0.0.1 where IPv6 is off."""
    if not socket.has_dualstack_ipv6():
        pytest.skip("this host has no IPv6")
    listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    with serving(says(OK), listener=listener) as server:
        (answer,) = ask([(target(server.port, address="::", family="tcp6"), get())])

    assert answer.status == 200


def test_an_address_the_host_lost_is_not_asked_over_the_network() -> None:
    """A bound address that is no longer ours does not carry the question to whoever has it now."""
    (answer,) = ask([(target(9, address="192.0.2.1"), get())])

    assert answer.error.startswith("unreachable")


def unix(address: str) -> Target:
    return replace(target(0), family="unix", address=address)


def test_unix_sockets_are_asked(tmp_path: Path) -> None:
    """A unix socket is asked by its path, a long one and one behind a link included."""
    folder = tmp_path / ("d" * 80) / ("e" * 80)
    folder.mkdir(parents=True)
    listener = socket.socket(socket.AF_UNIX)
    fd = os.open(folder, os.O_PATH)
    listener.bind(f"/proc/self/fd/{fd}/s")
    os.close(fd)
    listener.listen()
    (tmp_path / "link").symlink_to(folder)
    with serving(says(OK), listener=listener):
        answers = ask([(unix(str(folder / "s")), get()), (unix(str(tmp_path / "link" / "s")), get())])

    assert [a.status for a in answers] == [200, 200]


def test_abstract_sockets_are_asked() -> None:
    """A name that begins with @ is an abstract socket."""
    listener = socket.socket(socket.AF_UNIX)
    name = f"aiguard-test-{os.getpid()}"
    listener.bind(f"\0{name}")
    listener.listen()
    with serving(says(OK), listener=listener):
        (answer,) = ask([(unix(f"@{name}"), get())])

    assert answer.status == 200


@pytest.mark.parametrize("name", ["file", "fifo", "absent"])
def test_what_is_no_socket_is_not_opened(tmp_path: Path, name: str) -> None:
    """A file or FIFO in the place of a socket is neither read nor waited for."""
    (tmp_path / "file").write_text("x")
    os.mkfifo(tmp_path / "fifo")

    (answer,), seconds = timed([(unix(str(tmp_path / name)), get())])

    assert answer.status is None
    assert answer.error.startswith(("unreachable", "vanished"))
    assert seconds < 4


def test_tls_is_found_and_remembered(tmp_path: Path) -> None:
    """A self-signed server is asked over TLS; only the first question tries plain HTTP."""
    with serving(says(OK), tls=self_signed(tmp_path)) as server:
        answers = ask(
            [(target(server.port), get("/a")), (target(server.port), get("/b"))], replace(FAST, request_seconds=3.0)
        )

    assert [(a.status, a.tls, a.body) for a in answers] == [(200, True, b"{}")] * 2
    assert [r.split()[1] for r in server.requests] == [b"/a", b"/a", b"/b"]


def test_tls_behind_a_plain_400_is_found(tmp_path: Path) -> None:
    """A server that explains over plain HTTP that it wants HTTPS is asked again over TLS."""
    context = self_signed(tmp_path)
    refusal = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nThe plain HTTP request was sent to HTTPS port"

    def serve(stream: socket.socket, _over: threading.Event) -> None:
        if stream.recv(1, socket.MSG_PEEK) == b"G":
            stream.recv(4096)
            stream.sendall(refusal)
            return
        with context.wrap_socket(stream, server_side=True) as secret:
            secret.recv(4096)
            secret.sendall(OK)

    with serving(serve, read=False) as server:
        (answer,) = ask([(target(server.port), get())], replace(FAST, request_seconds=3.0))

    assert (answer.status, answer.tls) == (200, True)


def test_a_plain_400_without_tls_stays_an_answer() -> None:
    """When TLS does not work after all, the plain answer stands."""
    refusal = b"HTTP/1.1 400 Bad Request\r\n\r\nThe plain HTTP request was sent to HTTPS port"
    with serving(says(refusal)) as server:
        (answer,) = ask([(target(server.port), get())])

    assert (answer.status, answer.tls) == (400, False)


def test_tls_that_fails_says_so() -> None:
    """A server that sends TLS alerts to everything is named as one."""
    with serving(says(b"\x15\x03\x01\x00\x02\x02\x28")) as server:
        (answer,) = ask([(target(server.port), get())])

    assert answer.status is None
    assert answer.error.startswith("tls: ")


def test_client_certificates_are_not_needed_to_notice_tls(tmp_path: Path) -> None:
    """A server that insists on a client certificate gives a TLS error, not silence."""
    context = self_signed(tmp_path)
    context.verify_mode = ssl.CERT_REQUIRED
    with serving(says(OK), tls=context) as server:
        (answer,) = ask([(target(server.port), get())], replace(FAST, request_seconds=3.0))

    assert answer.status is None
    assert answer.error.partition(":")[0] in ("tls", "reset")
