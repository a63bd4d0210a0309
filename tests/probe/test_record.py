"""Writing answers down."""

import json

from aiguard_agent.core.probing import HttpAnswer, ProbeRequest, Target
from aiguard_agent.probe.record import write_recording

TARGET = Target(pid=7, start_ticks=1, netns=1, family="tcp4", address="0.0.0.0", port=80)


def test_text_is_readable_and_bytes_are_base64() -> None:
    """A UTF-8 body is written as text, another one as base64 that says so."""
    answers = [
        HttpAnswer(target=TARGET, request=ProbeRequest(path=p), status=200, body=b)
        for p, b in (("/a", b"hi"), ("/b", b"\xff"))
    ]

    text, binary = json.loads(write_recording(answers))

    assert (text["body"], text.get("encoding")) == ("hi", None)
    assert (binary["body"], binary["encoding"]) == ("/w==", "base64")
