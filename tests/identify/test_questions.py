"""Which requests are worth sending."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aiguard_agent.identify.index import Index
from aiguard_agent.identify.questions import MOST_QUESTIONS, PER_LISTENER, questions
from aiguard_agent.identify.view import View
from aiguard_agent.signatures.load import bundled
from aiguard_agent.signatures.schema import ServerSignature
from small_hosts import signature, view_of

THING = signature(
    """
process: {exe: [thing]}
ports: [8111]
probes:
  - {id: v, get: /v, match: {json: [thing]}}
  - {id: list, get: /list}
  - {id: admin, get: /admin, ports: [9999]}
  - {id: key, get: /key, secret: true}
"""
)
OTHER = signature("probes: [{id: o, get: /other, match: {json: [other]}}, {id: more, get: /more}]", "other")


def paths(process: dict[str, Any], answers: Any = None, *signatures: ServerSignature) -> list[str]:
    view = view_of([{"listen": ["127.0.0.1:80"], **process}], answers, *(signatures or (THING, OTHER)))
    return [request.path for _target, request in questions(view, Index(signatures or (THING, OTHER)))]


@pytest.mark.parametrize(
    ("process", "asked"),
    [
        ({"argv": ["thing"]}, ["/v", "/list", "/key"]),
        ({"argv": ["python3", "app.py"]}, ["/other", "/v"]),
        ({"argv": ["thing"], "listen": []}, []),
        ({"argv": ["nginx"]}, []),
        ({"argv": ["sshd"]}, []),
        ({"argv": ["mystery"]}, []),
        ({"argv": ["mystery"], "image": "a/b"}, ["/other", "/v"]),
        ({"argv": ["mystery"], "mapped": ["/l/libggml.so.0"]}, ["/other", "/v"]),
        ({"argv": ["socat", "x"], "listen": ["127.0.0.1:8111"]}, []),
    ],
)
def test_who_is_asked_what(process: dict[str, Any], asked: list[str]) -> None:
    """A named process gets its questions, one that may be anything a first look, all others silence."""
    assert paths(process) == asked


def test_the_default_port_orders_the_first_look() -> None:
    """On a known port that product's naming questions come first."""
    assert paths({"argv": ["python3", "a.py"], "listen": ["127.0.0.1:8111"]})[0] == "/v"


PACKAGED = signature(
    "packages: {pip: [pkg]}\nports: [8111]\nprobes: [{id: p, get: /packaged, match: {json: [packaged]}}]", "packaged"
)


@pytest.mark.parametrize(
    ("packages", "port", "asked"),
    [
        ({"pkg": "1"}, 80, ["/packaged"]),
        ({"pkg": "1"}, 8111, ["/packaged", "/v"]),
        ({"other": "1"}, 8111, ["/v"]),
        ({"other": "1"}, 80, []),
        ({}, 8111, ["/v", "/packaged"]),
    ],
)
def test_what_is_installed_beats_the_port(
    packages: dict[str, str], port: int, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installed product is asked for at any port, first; one that is known not to be installed at none."""
    monkeypatch.setattr("aiguard_agent.identify.questions.FIRST_LOOK", 0)
    process = {"argv": ["python3", "a.py"], "listen": [f"127.0.0.1:{port}"], "packages": packages}

    assert paths(process, None, THING, OTHER, PACKAGED) == asked


def test_answers_lead_to_further_questions_and_end() -> None:
    """An answer that names a product brings its other questions; what was asked is not asked again."""
    process = {"argv": ["python3", "a.py"]}

    assert paths(process, [{"get": "/other", "json": {"other": 1}}], OTHER) == []
    assert paths(process, [], THING) == []


def test_a_secret_answer_is_asked_for_without_its_body() -> None:
    """The request says so itself, so that no room below can forget."""
    view = view_of([{"argv": ["thing"], "listen": ["127.0.0.1:80"]}])

    kept = {request.path: request.keep_body for _t, request in questions(view, Index((THING,)))}

    assert kept == {"/v": True, "/list": True, "/key": False}


def test_one_socket_gets_a_bounded_number() -> None:
    """However many probes a signature has, one round stays polite."""
    probes = ", ".join(f"{{id: p{i}, get: /p{i}}}" for i in range(200))
    many = signature(f"process: {{exe: [thing]}}\nprobes: [{probes}]")

    assert len(paths({"argv": ["thing"]}, None, many)) == PER_LISTENER


def test_a_thousand_sockets_of_one_user_do_not_starve_another() -> None:
    """Sockets are asked in turns, one of each user and container, not one process after the other."""
    many = [f"127.0.0.1:{port}" for port in range(2000, 2300)]
    view = view_of(
        [
            {"argv": ["python3", "silent.py"], "listen": many},
            {"argv": ["python3", "other.py"], "listen": ["127.0.0.1:9000"]},
            {"argv": ["python3", "inside.py"], "listen": ["127.0.0.1:9001"], "image": "i"},
        ]
    )
    bob = replace(view.facts.processes[1], uid=1001)
    view = View(replace(view.facts, processes=(view.facts.processes[0], bob, view.facts.processes[2])))

    asked = questions(view, Index(bundled()))

    ports = list(dict.fromkeys(target.port for target, _request in asked))
    assert set(ports[:3]) == {2000, 9000, 9001}
    assert len(ports) == 302


def test_no_crowd_makes_more_questions_than_a_round_can_hold() -> None:
    """The list of a round is bounded, whatever listens."""
    many = [f"127.0.0.1:{port}" for port in range(2000, 5000)]

    asked = questions(view_of([{"argv": ["python3", "silent.py"], "listen": many}]), Index(bundled()))

    assert len(asked) == MOST_QUESTIONS
