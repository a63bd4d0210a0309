"""Asking servers that do everything wrong."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import replace

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
