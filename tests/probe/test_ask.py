"""Asking servers that do everything wrong."""

from __future__ import annotations

import json
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
    TOKEN,
    Serve,
    alive,
    drips,
    floods,
    get,
    resets,
    says,
    says_and_holds,
    self_signed,
    serving,
    target,
)

from aiguard_agent.core.probing import HttpAnswer, ProbeRequest, Target
from aiguard_agent.probe import ask as ask_module
from aiguard_agent.probe.ask import Question, ask_all
from aiguard_agent.probe.policy import Budget
from aiguard_agent.probe.replay import read_recording


def ask(
    questions: list[Question], budget: Budget = FAST, pid_alive: Callable[[Target], bool] = alive
) -> tuple[HttpAnswer, ...]:
    return ask_all(questions, budget, pid_alive=pid_alive)


def timed(questions: list[Question], budget: Budget = FAST) -> tuple[tuple[HttpAnswer, ...], float]:
    start = time.monotonic()
    answers = ask(questions, budget)
    return answers, time.monotonic() - start


def test_an_answer_comes_whole() -> None:
    """Status, headers and body of a friendly server come back."""
    with serving(says(OK)) as server:
        (answer,) = ask([(target(server.port), get("/api/version"))])

    assert (answer.status, answer.header("Content-Type"), answer.body, answer.error) == (
        200,
        "application/json",
        b"{}",
        "",
    )
    assert server.requests[0].startswith(b"GET /api/version HTTP/1.1\r\nHost: localhost:%d\r\n" % server.port)


def test_a_keep_alive_server_costs_no_time() -> None:
    """A server that ignores `Connection: close` does not make us wait for the deadline."""
    slow = replace(FAST, request_seconds=30.0, total_seconds=30.0)
    with serving(says_and_holds(OK)) as server:
        (answer,), seconds = timed([(target(server.port), get())], slow)

    assert answer.body == b"{}"
    assert not answer.truncated
    assert seconds < 5


HOSTILE: dict[str, tuple[Serve, int | None]] = {
    "drips its headers": (drips(b"HTTP/1.1 200 OK\r\n", b"a"), 200),
    "drips its first line": (drips(b"HTTP", b""), None),
    "drips its body": (drips(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n"), 200),
    "drips chunks": (drips(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), 200),
    "never answers": (says_and_holds(b""), None),
    "answers for ever": (floods(b"HTTP/1.1 200 OK\r\n\r\n"), 200),
    "answers 1 GB": (floods(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"), 200),
    "sends endless headers": (floods(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 10000), 200),
    "sends one endless header": (floods(b"HTTP/1.1 200 OK\r\nA: "), 200),
    "sends interim answers for ever": (floods(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 1000), None),
    "lies about a chunk": (floods(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"), 200),
    "sends a chunk bomb": (
        floods(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 990 + b"\r\na\r\n"),
        200,
    ),
    "sends garbage": (floods(b"", os.urandom(65536).replace(b"H", b"h")), None),
    "sends nothing and closes": (says(), None),
    "closes early": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"), 200),
    "resets": (resets, None),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_server_stays_in_its_budget(name: str) -> None:
    """Whatever it does: one answer, in time, within the caps."""
    serve, status = HOSTILE[name]
    with serving(serve) as server:
        (answer,), seconds = timed([(target(server.port), get())])

    assert answer.status == status
    assert bool(answer.error) == (status is None)
    assert len(answer.body) <= FAST.body_bytes
    assert len(answer.headers) <= FAST.header_lines
    assert seconds < FAST.request_seconds + 4.0


def test_many_hostile_servers_stay_in_the_total_budget() -> None:
    """Servers that never answer cost one budget together, and nobody's question is forgotten."""
    budget = replace(FAST, total_seconds=0.8, parallel=2)
    with serving(says_and_holds(b"")) as server:
        questions = [(replace(target(server.port), start_ticks=i), get(f"/{j}")) for i in range(20) for j in range(5)]
        answers, seconds = timed(questions, budget)

    assert len(answers) == 100
    assert {a.error.partition(":")[0] for a in answers} == {"timeout", "budget"}
    assert seconds < 4


def test_two_timeouts_are_enough() -> None:
    """After two time-outs of a target its other questions are not asked."""
    with serving(says_and_holds(b"")) as server:
        answers = ask([(target(server.port), get(f"/{i}")) for i in range(5)])

    assert [a.error for a in answers] == ["timeout", "timeout", *["timeout: skipped after two"] * 3]
    assert server.connections == 2


def test_silent_event_streams_are_no_timeouts() -> None:
    """An event stream stays open by nature: it does not end the conversation."""
    stream = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    quick = replace(FAST, request_seconds=0.2)
    with serving(says_and_holds(stream)) as server:
        answers = ask([(target(server.port), get(f"/{i}")) for i in range(4)], quick)

    assert [a.status for a in answers] == [200] * 4


def test_a_server_that_is_not_http_is_left_alone_soon() -> None:
    """Two banners of an SSH server are enough."""
    with serving(says(b"SSH-2.0-OpenSSH_9.2\r\n")) as server:
        answers = ask([(target(server.port), get(f"/{i}")) for i in range(4)])

    assert server.connections == 2
    assert answers[0].error == "not-http: something else answers"
    assert answers[3].error == "not-http: skipped after two"


def test_redirects_are_not_followed() -> None:
    """The place a server points to never hears of us."""
    with serving(says(OK)) as elsewhere:
        there = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n" % elsewhere.port
        with serving(says(there)) as server:
            (answer,) = ask([(target(server.port), get())])

    assert answer.status == 302
    assert answer.header("location") == f"http://127.0.0.1:{elsewhere.port}/"
    assert elsewhere.connections == 0


def test_equal_questions_are_asked_once() -> None:
    """The same question twice is one connection and one answer, in the order first asked."""
    with serving(says(OK)) as server:
        here = target(server.port)
        answers = ask([(here, get("/b")), (here, get("/a")), (here, get("/b"))])

    assert [a.request.path for a in answers] == ["/b", "/a"]
    assert server.connections == 2


def test_nobody_listens() -> None:
    """A port that was closed meanwhile is said to refuse."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]

    (answer,) = ask([(target(port), get())])

    assert answer.error == "refused"


def test_what_policy_refuses_is_not_sent() -> None:
    """A path with effects is answered by the policy, not by the server; its neighbours are still asked."""
    with serving(says(OK)) as server:
        here = target(server.port)
        refused, asked = ask([(here, get("/health")), (here, get("/healthz"))])

    assert refused.error.startswith("policy: ")
    assert asked.status == 200
    assert [r.split()[1] for r in server.requests] == [b"/healthz"]


def test_a_reused_pid_is_not_asked() -> None:
    """When the pid is another process by now, nothing is connected to."""
    with serving(says(OK)) as server:
        (answer,) = ask([(target(server.port), get())], pid_alive=lambda _: False)

    assert answer.error == "vanished"
    assert server.connections == 0


def test_a_pid_that_dies_between_questions_is_left_alone() -> None:
    """Identity is checked before every question, not only before the first."""
    seen: list[Target] = []

    def dies_after_two(asked: Target) -> bool:
        seen.append(asked)
        return len(seen) <= 2

    with serving(says(OK)) as server:
        answers = ask([(target(server.port), get(f"/{i}")) for i in range(3)], pid_alive=dies_after_two)

    assert [a.error for a in answers] == ["", "vanished", "vanished"]
    assert server.connections == 1


def test_a_hidden_namespace_is_denied() -> None:
    """A socket in a namespace we cannot name is never mistaken for one of ours on the same port."""
    with serving(says(OK)) as server:
        (answer,) = ask([(target(server.port, netns=None), get())])

    assert answer.error == "denied: its network namespace is hidden"
    assert server.connections == 0


def test_a_process_that_changed_its_namespace_is_not_asked() -> None:
    """The namespace is entered only when it is still the one that was seen."""
    with serving(says(OK)) as server:
        (answer,) = ask([(target(server.port, netns=42), get())])

    assert answer.error in ("vanished", "denied: network namespace 42: Permission denied")
    assert server.connections == 0


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


SECRET = (
    b"HTTP/1.1 200 OK\r\nSet-Cookie: access_token=s3cret; Path=/\r\nContent-Length: 38\r\n\r\n"
    b'{"access_token":"s3cret","type":"a b"}'
)


@pytest.mark.parametrize(("path", "keep"), [("/some/path", False), ("/api/v1/auto_login", True)])
def test_secrets_in_answers_are_dropped(path: str, keep: bool) -> None:
    """Where a body may hold a secret its key names stay and its values are gone, cookies too."""
    with serving(says(SECRET)) as server:
        (answer,) = ask([(target(server.port), get(path, keep_body=keep))])

    assert json.loads(answer.body) == {"access_token": None, "type": None}
    assert answer.header("set-cookie") == "access_token=***"
    assert "s3cret" not in repr(answer)


def test_an_opened_session_is_closed() -> None:
    """An allowed MCP initialize is followed by a DELETE of the session it opened, whose id is not kept."""
    reply = OK.replace(b"Content-Type", b"Mcp-Session-Id: %b\r\nContent-Type" % TOKEN.encode())
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}})
    initialize = ProbeRequest(path="/mcp", method="POST", body=body, opt_in=True, accept=TOKEN)
    with serving(says(reply)) as server:
        (answer,) = ask([(target(server.port), initialize)], replace(FAST, allow_posts=True))
        (refused,) = ask([(target(server.port), initialize)])

    assert answer.status == 200
    assert answer.header("mcp-session-id") == "***"
    assert [r.split()[0] for r in server.requests] == [b"POST", b"DELETE"]
    assert b"\r\nMcp-Session-Id: %b\r\n" % TOKEN.encode() in server.requests[1]
    assert refused.error.startswith("policy: ")


def test_a_recorded_host_is_never_connected_to() -> None:
    """With `live=False` the answers come from the recording, and from nowhere else."""
    with serving(says(OK)) as server:
        here = target(server.port)
        entry = {"pid": here.pid, "port": here.port, "path": "/a", "status": 401, "headers": [], "body": "no"}
        known, unknown = ask_all(
            [(here, get("/a")), (here, get("/b"))],
            FAST,
            live=False,
            pid_alive=alive,
            recording=read_recording(json.dumps([entry]).encode()),
        )

    assert (known.status, known.body) == (401, b"no")
    assert unknown.error == "not recorded"
    assert server.connections == 0


def test_without_questions_nothing_happens() -> None:
    """No question, no answer."""
    assert ask([]) == ()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(1, "Operation not permitted"), "denied: network namespace 42: Operation not permitted"),
        (FileNotFoundError(2, "No such file or directory"), "vanished"),
    ],
)
def test_a_refused_namespace_is_said(monkeypatch: pytest.MonkeyPatch, error: OSError, words: str) -> None:
    """A namespace that may not be entered is denied, with the kernel's reason, for every question in it."""

    def refuse(_target: Target, _alive: object) -> None:
        raise error

    monkeypatch.setattr(ask_module, "enter_namespace", refuse)

    answers = ask([(target(1, netns=42), get(f"/{i}")) for i in range(2)])

    assert [a.error for a in answers] == [words] * 2


def test_questions_past_the_total_budget_are_not_asked() -> None:
    """A slow but friendly server is asked until the time is over; the rest is said to be over budget."""
    tight = replace(FAST, total_seconds=0.5, request_seconds=0.4, patience=9)
    with serving(says_and_holds(b"HTTP/1.1 200 OK\r\n\r\n")) as server:
        answers = ask([(target(server.port), get(f"/{i}")) for i in range(6)], tight)

    assert answers[0].status == 200
    assert answers[-1].error.startswith("budget: ")
