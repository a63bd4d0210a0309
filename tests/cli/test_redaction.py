"""What a support bundle may not tell."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiguard_agent.cli.redaction import MARK, Keys, Redactor

KEYS = Keys(words={"rule", "state"}, sentences={"found"})
REDACTOR = Redactor(
    b"key", names=["gpu-07", "alice", "x", "localhost"], paths=["/srv/my models"], public=["/var/lib/aiguard-agent"]
)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("cannot read /home/alice/m.gguf: denied", "/home/alice/m.gguf"),
        ("'/opt/acme secret'", "/opt/acme"),
        ("/srv/my models: no such directory", "/srv/my models"),
        ("/srv/my models/acme/x: no such directory", "acme"),
        ("host GPU-07 answers", "GPU-07"),
        ("gpu-07.example.org", "gpu-07"),
        ("belongs to alice", "alice"),
        ("10.1.2.3:80 is taken", "10.1.2.3"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ("/proc/self/root/home", "/proc/self/root/home"),
        ("/proc/sys/../../etc/x y", "/etc/x"),
    ],
)
def test_names_in_a_sentence(text: str, hidden: str) -> None:
    """Paths, host and user names and addresses are replaced, in whatever case."""
    found = REDACTOR.sentence(text)

    assert hidden.lower() not in found.lower()
    assert MARK in found


@pytest.mark.parametrize(
    "text",
    [
        "27 of 30 and/or more, at 14:39:23",
        "/var/lib/aiguard-agent can be made",
        "sysctl /proc/sys/fs/inotify/max_user_watches; /sys/kernel/tracing",
        "127.0.0.1:26442 is free, [::1]:1 and 0.0.0.0 too",
        "localhost, malice, x",
        "version 1.2.3",
    ],
)
def test_what_tells_nothing_stays(text: str) -> None:
    """The agent's own places, the kernel's, loopback, times and words that merely contain a name."""
    assert REDACTOR.sentence(text) == text


def test_documents() -> None:
    """A word stays under a key for words alone; all other text is hashed whole, odd keys too; numbers stay."""
    document = {"rule": "no-auth", "state": "/home/x", "title": "plain", "count": 3, "at": None, "/a": {"rule": ["b"]}}

    found = REDACTOR.document(document, KEYS)

    assert (found["rule"], found["count"], found["at"]) == ("no-auth", 3, None)
    assert found["state"] == REDACTOR.hash("/home/x")
    assert found["title"].startswith(MARK)
    assert found[REDACTOR.hash("/a")] == {"rule": ["b"]}


def test_hashes_are_stable_and_keyed() -> None:
    """The same name has the same hash; with another key another one."""
    assert REDACTOR.sentence("alice") == REDACTOR.hash("alice") == Redactor(b"key").hash("alice")
    assert Redactor(b"other").hash("alice") != REDACTOR.hash("alice")


def nested(depth: int) -> Any:
    value: Any = "alice"
    for _ in range(depth):
        value = [value]
    return value


def test_depth() -> None:
    """What is nested without end is cut off."""
    assert "alice" not in json.dumps(REDACTOR.document(nested(200), KEYS))


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(JSON, st.sampled_from(["title", "found", "rule"]))
def test_no_secret_survives(value: Any, key: str) -> None:
    """Wherever in a document it stands, a path with a blank or a user's name is gone."""
    document = {key: value, "subject": "/srv/my models", "found": "see /srv/my models of alice", "more": [value]}

    told = json.dumps(REDACTOR.document(document, KEYS))

    assert "my models" not in told
    assert "alice" not in told
