"""Weighing evidence."""

from __future__ import annotations

import pytest

from aiguard_agent.core.assets import Confidence
from aiguard_agent.identify.evidence import hit_of, image_name, image_tag, leaning, socket_words
from small_hosts import signature, view_of

PROBE = "probes: [{id: v, get: /v, match: {status: 200, json: [thing_version]}}]"
SHARED = "probes: [{id: v, get: /v, rank: shared, match: {status: 200, json: [version]}}]"


def test_exe_and_package_make_high() -> None:
    """What it is and what it has installed are two sides: high confidence, strongest evidence first."""
    sig = signature("process: {exe: [thing]}\npackages: {pip: [thing-server]}")
    view = view_of([{"argv": ["/v/bin/python", "/v/bin/thing"], "packages": {"thing-server": "1"}}])

    hit = hit_of(view, view.processes[1000], sig)

    assert hit is not None
    assert [item.kind for item in hit.evidence] == ["exe", "package"]
    assert hit.confidence is Confidence.HIGH


@pytest.mark.parametrize(
    ("text", "process", "answers", "named", "confidence"),
    [
        ("process: {exe: [thing]}", {"argv": ["thing"]}, None, True, Confidence.MEDIUM),
        ("process: {exe: [THING]}", {"argv": ["thing"]}, None, True, Confidence.MEDIUM),
        ("process: {exe: [a-name-longer-than-comm]}", {"argv": ["x"], "comm": "a-name-longer-t"}, None, True, None),
        ("process: {exe_weak: [thing]}", {"argv": ["thing"]}, None, False, None),
        (
            "process: {exe_weak: [thing]}\nlibraries: ['lib*.so']",
            {"argv": ["thing"], "mapped": ["/l/libx.so"]},
            None,
            True,
            None,
        ),
        (
            f"process: {{exe_weak: [thing]}}\n{SHARED}",
            {"argv": ["thing"]},
            [{"get": "/v", "json": {"version": "1"}}],
            True,
            None,
        ),
        (f"process: {{exe_weak: [thing]}}\n{SHARED}", {"argv": ["thing"]}, [{"get": "/v", "json": {}}], False, None),
        ("packages: {pip: [thing]}", {"argv": ["python", "a.py"], "packages": {"thing": "1"}}, None, False, None),
        (SHARED, {"argv": ["python", "a.py"]}, [{"get": "/v", "json": {"version": "1"}}], False, None),
        (f"generic: true\n{SHARED}", {"argv": ["x"]}, [{"get": "/v", "json": {"version": "1"}}], True, Confidence.LOW),
        (PROBE, {"argv": ["python", "a.py"]}, [{"get": "/v", "json": {"thing_version": "1"}}], True, Confidence.MEDIUM),
        (
            PROBE,
            {"argv": ["python", "a.py"]},
            [{"get": "/v", "status": 404, "json": {"thing_version": 1}}],
            False,
            None,
        ),
        ("process: {cmdline: ['thing serve']}", {"argv": ["python", "x", "thing serve"]}, None, True, Confidence.LOW),
        ("process: {cmdline: ['thing serve']}", {"argv": ["grep", "thing serve"]}, None, False, None),
        ("process: {exe: [thing], unless: [--help]}", {"argv": ["thing", "--help"]}, None, False, None),
        ("process: {python_module: ['thing.*']}", {"argv": ["python", "-m", "thing.api.server"]}, None, True, None),
        ("process: {python_module: ['thing.*']}", {"argv": ["python", "-m", "thingummy"]}, None, False, None),
        ("packages: {image: ['acme/*']}", {"argv": ["x"], "image": "acme/thing:v1"}, None, True, None),
        (
            "packages: {path: ['*/node_modules/thing/*']}",
            {"argv": ["node", "/l/node_modules/thing/x.js"]},
            None,
            True,
            None,
        ),
        ("process: {exe: [thing], listens: 'yes'}", {"argv": ["thing"], "listen": []}, None, False, None),
        ("process: {exe: [thing], listens: 'no'}", {"argv": ["thing"]}, None, False, None),
    ],
)
def test_what_names(
    text: str,
    process: dict[str, object],
    answers: list[dict[str, object]] | None,
    named: bool,
    confidence: Confidence | None,
) -> None:
    """Each kind of evidence names, supports, or does neither."""
    sig = signature(text)
    view = view_of([{"listen": ["127.0.0.1:8000"], **process}], answers, sig)

    hit = hit_of(view, view.processes[1000], sig)

    assert named is (hit is not None), hit
    if hit and confidence:
        assert hit.confidence is confidence


def test_a_weak_name_is_worth_asking() -> None:
    """A weak name names nothing, but its questions are asked."""
    sig = signature("process: {exe_weak: [thing]}")
    view = view_of([{"argv": ["thing"]}, {"argv": ["other"]}])

    assert leaning(view, view.processes[1000], sig)
    assert not leaning(view, view.processes[1001], sig)


@pytest.mark.parametrize(
    ("image", "name", "tag"),
    [
        ("vllm/vllm-openai:v0.10.11", "vllm/vllm-openai", "v0.10.11"),
        ("docker.io/library/redis", "redis", ""),
        ("reg.example:5000/a/b:1@sha256:00", "reg.example:5000/a/b", "1"),
        ("reg.example:5000/a/b", "reg.example:5000/a/b", ""),
    ],
)
def test_image_names(image: str, name: str, tag: str) -> None:
    """A registry's port is not a tag."""
    assert (name, tag) == (image_name(image), image_tag(image))


def test_sockets_in_words() -> None:
    """IPv6 addresses stand in brackets, unix sockets have no port."""
    assert [socket_words("::1", 80), socket_words("127.0.0.1", 80), socket_words("/run/x", 0)] == [
        "[::1]:80",
        "127.0.0.1:80",
        "/run/x",
    ]
