"""Grading how open a server is."""

from __future__ import annotations

from typing import Any

import pytest

from aiguard_agent.core.assets import Auth
from aiguard_agent.identify.auth import grade
from small_hosts import signature, view_of

SIG = signature(
    r"""
probes: [{id: models, get: /v1/models}, {id: metrics, get: /metrics}, {id: setup, get: /setup}]
auth:
  - {state: self-registration, probe: setup, when: {status: 200, json: ['open == true']}}
  - {state: none, argv: '--token=(\s|$)'}
  - {state: none, probe: models, when: {status: 200}}
  - {state: required, probe: models, when: {status: [401, 403]}}
  - {state: required, env: THING_KEY}
open_routes: [metrics]
"""
)


def graded(answers: list[dict[str, Any]] | None, sig: Any = SIG, **process: Any) -> Auth:
    view = view_of([{"argv": ["thing"], "listen": ["127.0.0.1:1"], **process}], answers, sig)
    return grade(view, [view.processes[1000]], sig)


@pytest.mark.parametrize(
    ("answers", "process", "state", "routes"),
    [
        ([{"get": "/v1/models", "json": {}}], {}, "none", ()),
        ([{"get": "/v1/models", "status": 401}], {}, "required", ()),
        ([{"get": "/v1/models", "status": 401}, {"get": "/metrics", "body": "x 1"}], {}, "partial", ("/metrics",)),
        (
            [{"get": "/setup", "json": {"open": True}}, {"get": "/v1/models", "status": 401}],
            {},
            "self-registration",
            (),
        ),
        ([{"get": "/setup", "json": {"open": False}}, {"get": "/v1/models", "status": 403}], {}, "required", ()),
        ([{"get": "/v1/models", "status": 500}], {}, "unknown", ()),
        (None, {"env": {"THING_KEY": "***"}}, "required", ()),
        (None, {"argv": ["thing", "--token="]}, "none", ()),
        (None, {"argv": ["thing", "--token=***"]}, "unknown", ()),
        (None, {}, "unknown", ()),
    ],
)
def test_grades(
    answers: list[dict[str, Any]] | None, process: dict[str, Any], state: str, routes: tuple[str, ...]
) -> None:
    """The first sign that holds decides; a route that answers beside a required key makes it partial."""
    auth = graded(answers, **process)

    assert (str(auth.state), auth.open_routes) == (state, routes)
    assert bool(auth.evidence) is (state != "unknown")


def test_refusing_everything_is_required() -> None:
    """Without a reader that holds, a server that refuses each probe requires something."""
    plain = signature("probes: [{id: a, get: /a}, {id: b, get: /b}]")

    assert graded([{"get": "/a", "status": 401}, {"get": "/b", "status": 403}], plain).state == "required"
    assert graded([{"get": "/a", "status": 401}, {"get": "/b", "status": 200}], plain).state == "unknown"


def test_a_product_without_authentication() -> None:
    """`always` holds without asking, and says why."""
    auth = graded(None, signature("auth: [{state: none, always: true, note: it has none}]"))

    assert (auth.state, auth.evidence[0].what) == ("none", "it has none")


def test_partial_by_reader_names_its_route() -> None:
    """A reader may say partial itself; its probe is the open route."""
    sig = signature("probes: [{id: a, get: /a}]\nauth: [{state: partial, probe: a, when: {status: 200}}]")

    assert graded([{"get": "/a"}], sig).open_routes == ("/a",)
