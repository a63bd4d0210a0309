"""Reading versions."""

from __future__ import annotations

from typing import Any

import pytest

from aiguard_agent.identify.version import chosen, disagreements, versions
from small_hosts import signature, view_of

SIG = signature(
    """
probes: [{id: v, get: /v}]
version:
  - {package: thing}
  - {image_tag: true}
  - {probe: v, json: version}
"""
)


def read(process: dict[str, Any], answers: list[dict[str, Any]] | None, sig: Any = SIG) -> tuple[str, list[str]]:
    view = view_of([{"argv": ["thing"], "listen": ["127.0.0.1:1"], **process}], answers, sig)
    claims = versions(view, [view.processes[1000]], sig)
    return chosen(claims), [item.what for item in disagreements(claims)]


def test_the_package_beats_the_answer_and_the_disagreement_is_told() -> None:
    """An API that reports another version loses, and is reported."""
    version, conflicts = read({"packages": {"thing": "0.10.11"}}, [{"get": "/v", "json": {"version": "0.10.1"}}])

    assert version == "0.10.11"
    assert conflicts == ["package thing says 0.10.11, GET /v says 0.10.1"]


def test_two_packages_do_not_disagree() -> None:
    """A server and its front end are two packages with versions of their own; the first listed is reported."""
    both = signature("version: [{package: thing}, {package: thing-ui}]")

    assert read({"packages": {"thing": "1", "thing-ui": "9"}}, None, both) == ("1", [])


@pytest.mark.parametrize("answer", ["v1.2.3", "1.2.3+cpu", "1.2.3"])
def test_spelling_is_no_disagreement(answer: str) -> None:
    """A leading v and a build suffix say the same version."""
    assert read({"packages": {"thing": "1.2.3"}}, [{"get": "/v", "json": {"version": answer}}])[1] == []


@pytest.mark.parametrize(
    ("process", "answers", "version"),
    [
        ({}, [{"get": "/v", "json": {"version": "0.14.0-rc3"}}], "0.14.0-rc3"),
        ({}, [{"get": "/v", "json": {"version": 2}}], "2"),
        ({}, [{"get": "/v", "json": {"version": ["1"]}}], ""),
        ({}, [{"get": "/v", "json": {"version": "x" * 200}}], ""),
        ({}, [{"get": "/v", "status": 500, "json": {"version": "9"}}], ""),
        ({"image": "a/thing:v0.9.1"}, None, "0.9.1"),
        ({"image": "a/thing:latest"}, None, ""),
        ({}, None, ""),
    ],
)
def test_readers(process: dict[str, Any], answers: list[dict[str, Any]] | None, version: str) -> None:
    """Odd versions are kept whole; what is no version is unknown, never guessed."""
    assert read(process, answers)[0] == version


def test_a_liar_is_kept_but_never_believed() -> None:
    """A constant that looks like a version is told among the claims and loses even when it is alone."""
    liar = signature("probes: [{id: v, get: /v}]\nversion: [{probe: v, json: version, lies: true}]")

    assert read({}, [{"get": "/v", "json": {"version": "1.2.5"}}], liar) == ("", [])


def test_patterns_headers_and_paths() -> None:
    """Versions in a body, in a header, in a path."""
    body = signature("probes: [{id: v, get: /v}]\nversion: [{probe: v, pattern: 'build ([0-9.]+)'}]")
    header = signature("probes: [{id: v, get: /v}]\nversion: [{probe: v, header: x-version}]")
    path = signature(r"version: [{path: 'thing-([0-9.]+)/'}]")

    assert read({}, [{"get": "/v", "body": "x build 7.1 y"}], body)[0] == "7.1"
    assert read({}, [{"get": "/v", "headers": {"X-Version": "3"}}], header)[0] == "3"
    assert read({"exe": "/opt/thing-2.5/bin/thing"}, None, path)[0] == "2.5"
