"""Reading HTTP answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.core.probing import HttpAnswer, ProbeRequest, Target
from aiguard_agent.identify.answers import Answered, text_of
from aiguard_agent.signatures.schema import Condition, Probe

TARGET = Target(pid=1, start_ticks=1, netns=1, family="tcp4", address="127.0.0.1", port=80)
PROBE = Probe(id="p", get="/p")


def answered(body: bytes = b"{}", status: int | None = 200, **headers: str) -> Answered:
    request = ProbeRequest(path="/p")
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answered([HttpAnswer(target=TARGET, request=request, status=status, headers=pairs, body=body)])


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (Condition(), True),
        (Condition(status=200), True),
        (Condition(status=(401, 403)), False),
        (Condition(body=("vers",)), True),
        (Condition(body=("vers", "nope")), False),
        (Condition(header={"server": "^uvi"}), True),
        (Condition(header={"server": "nginx"}), False),
        (Condition(header={"x-absent": ".*"}), False),
        (Condition(json=("version",)), True),
        (Condition(json=("version", "missing")), False),
    ],
)
def test_condition(condition: Condition, holds: bool) -> None:
    """All that a condition says must hold, and an absent header is no match for any pattern."""
    assert answered(b'{"version": "1"}', server="uvicorn").holds(PROBE, condition) is holds


def test_no_answer_satisfies_nothing() -> None:
    """A refused connection is not an answer, not even to an empty condition."""
    assert not answered(status=None).holds(PROBE, Condition())
    assert not Answered([]).holds(PROBE, Condition())


def test_an_event_stream_is_read_by_its_first_data() -> None:
    """MCP servers answer JSON inside an event stream."""
    stream = b'event: message\r\ndata: {"result": {"serverInfo": 1}}\r\n\r\n'

    assert answered(stream).holds(PROBE, Condition(json=("result.serverInfo",)))


def test_rows_keep_name_and_digest_together() -> None:
    """A model without a digest does not shift the digests of the others."""
    body = b'{"models": [{"name": "a"}, {"name": "b", "digest": "d"}, {"digest": "lonely"}, 5]}'

    rows = answered(body).rows(PROBE, {"name": "models[].name", "digest": "models[].digest", "remote": ""})

    assert rows == [
        {"name": "a", "digest": ""},
        {"name": "b", "digest": "d"},
        {"name": "", "digest": "lonely"},
        {"name": "", "digest": ""},
    ]


def test_rows_without_a_list() -> None:
    """A single value is one row."""
    assert answered(b'{"model_path": "/m"}').rows(PROBE, {"name": "model_path"}) == [{"name": "/m"}]


def test_values_need_a_200() -> None:
    """An error page's JSON tells no version."""
    assert answered(b'{"version": "1"}', status=401).values(PROBE, "version") == []


@pytest.mark.parametrize(("value", "text"), [("x" * 999, "x" * 300), (1.5, "1.5"), (True, ""), (None, ""), ([1], "")])
def test_text_is_bounded(value: object, text: str) -> None:
    """Only scalars become text, and never a long one."""
    assert text_of(value) == text


@given(st.binary(max_size=200))
def test_any_body_is_survived(body: bytes) -> None:
    """No body raises."""
    assert answered(body).holds(PROBE, Condition(json=("a[].b",))) in {True, False}


def test_deep_json_is_survived() -> None:
    """A nesting bomb is not JSON to us."""
    assert not answered(b"[" * 60000).holds(PROBE, Condition(json=(".",)))
