"""Recorded answers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.core.probing import HttpAnswer, ProbeRequest, Target
from aiguard_agent.errors import DocumentError
from aiguard_agent.probe.record import write_recording
from aiguard_agent.probe.replay import Recording, read_recording, replay

TCP = Target(pid=7, start_ticks=1, netns=1, family="tcp4", address="0.0.0.0", port=80)
UNIX = Target(pid=7, start_ticks=1, netns=1, family="unix", address="/run/a.sock", port=0)


def test_a_question_finds_its_own_answer() -> None:
    """pid, port, method and path must all be the recorded ones."""
    recording = read_recording(
        b'[{"pid": 7, "port": 80, "path": "/a", "status": 200, "headers": [["Server", "x"]], "body": "hi"}]'
    )
    asked = [
        (TCP, ProbeRequest(path="/a")),
        (TCP, ProbeRequest(path="/b")),
        (TCP, ProbeRequest(path="/a", method="POST")),
        (UNIX, ProbeRequest(path="/a")),
    ]

    answers = replay(asked, recording)

    assert (answers[0].status, answers[0].header("server"), answers[0].body) == (200, "x", b"hi")
    assert [a.error for a in answers[1:]] == ["not recorded"] * 3


@given(
    body=st.binary(max_size=60),
    status=st.one_of(st.none(), st.integers(100, 599)),
    tls=st.booleans(),
    cut=st.booleans(),
)
def test_what_is_recorded_is_replayed(body: bytes, status: int | None, tls: bool, cut: bool) -> None:
    """Any answer comes back as it was, binary bodies included."""
    answers = tuple(
        HttpAnswer(
            target=target,
            request=ProbeRequest(path="/a"),
            status=status,
            headers=(("server", "x"),),
            body=body,
            tls=tls,
            truncated=cut,
            error="" if status else "timeout",
        )
        for target in (TCP, UNIX)
    )

    assert replay([(a.target, a.request) for a in answers], read_recording(write_recording(answers))) == answers


def test_recordings_are_ordered() -> None:
    """The order of asking does not show in the file."""
    answers = [HttpAnswer(target=TCP, request=ProbeRequest(path=p), status=200) for p in ("/b", "/a")]

    assert write_recording(answers) == write_recording(answers[::-1])
    assert write_recording([]) == b"[\n\n]\n"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("x", "an object is expected"),
        ({"pid": 1, "port": 2}, "path is missing"),
        ({"pid": "1", "port": 2, "path": "/"}, "pid has the wrong type"),
        ({"pid": 1, "port": 2, "path": "/", "statuz": 200}, "unknown key 'statuz'"),
        ({"pid": 1, "port": 2, "path": "/", "headers": ["a"]}, "headers are pairs"),
        ({"pid": 1, "port": 2, "path": "/", "encoding": "rot13"}, "unknown encoding 'rot13'"),
        ({"pid": 1, "port": 2, "path": "/", "encoding": "base64", "body": "!"}, "body:"),
        ({"pid": 1, "port": 2, "path": "/", "body": "\udc80"}, "body:"),
    ],
)
def test_a_wrong_entry_is_named(entry: object, words: str) -> None:
    """Every wrong entry is named by its place and what is wrong with it."""
    with pytest.raises(DocumentError) as caught:
        read_recording(json.dumps([{"pid": 1, "port": 1, "path": "/"}, entry]).encode())

    assert caught.value.problems[0].startswith(f"aiguard-answers.json: [1]: {words}")


@pytest.mark.parametrize("data", [b"", b"{", b"{}", b"[" * 100000, b"\xff\xfe"])
def test_a_file_that_is_no_list_is_refused(data: bytes) -> None:
    """Anything but a JSON list is a DocumentError."""
    with pytest.raises(DocumentError):
        read_recording(data)


def test_nothing_recorded_is_nothing_known() -> None:
    """An empty recording answers every question with `not recorded`."""
    assert replay([(TCP, ProbeRequest(path="/"))], Recording())[0].error == "not recorded"
