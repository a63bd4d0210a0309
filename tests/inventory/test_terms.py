"""Is a server as it was approved?"""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from asset_samples import MODEL, SERVER, listening

from aiguard_agent.core.assets import Auth, AuthState, ModelRef, Server
from aiguard_agent.core.facts import Listener, Scope
from aiguard_agent.inventory.schema import ApprovedServer, Bind
from aiguard_agent.inventory.terms import deviations_of_server, expired

WIDE = listening(SERVER, "0.0.0.0", Scope.ANY)
LAN = listening(SERVER, "10.0.0.5", Scope.PRIVATE)
WITH_MODEL = replace(
    SERVER,
    models=(ModelRef(name="llama3.1:8b", via="http", model_id="m1"), ModelRef(name="qwen3", via="http")),
    remote_models=("gpt-oss:120b-cloud",),
)


def deviations(server: Server, **terms: Any) -> tuple[str, ...]:
    return deviations_of_server(ApprovedServer(product="ollama", **terms), server, {MODEL.id: MODEL})


def graded(state: AuthState) -> Server:
    return replace(SERVER, auth=Auth(state=state))


GOOD = [
    (WIDE, {}),
    (SERVER, {"version": ">=0.14,<0.15"}),
    (replace(SERVER, version=""), {"version": ">=1"}),
    (SERVER, {"bind": Bind.LOOPBACK}),
    (LAN, {"bind": Bind.PUBLIC}),
    (LAN, {"bind": (Bind.PRIVATE,)}),
    (replace(WIDE, isolated=True), {"bind": Bind.LOOPBACK}),
    (listening(SERVER, "/run/x", Scope.UNIX, 0), {"bind": (Bind.PRIVATE,), "ports": (1,)}),
    (graded(AuthState.REQUIRED), {"auth": "required"}),
    (graded(AuthState.UNKNOWN), {"auth": "required"}),
    (graded(AuthState.PARTIAL), {"auth": "partial"}),
    (graded(AuthState.SELF_REGISTRATION), {"auth": "none"}),
    (SERVER, {"user": "bob"}),
    (SERVER, {"user": "1001"}),
    (SERVER, {"ports": (11434,)}),
    (listening(SERVER, "127.0.0.1", Scope.LOOPBACK, 39211), {"ports": (11434,)}),
    (WITH_MODEL, {"models": ("*",)}),
    (WITH_MODEL, {"models": ("hf:meta-llama/*", "qwen*", "gpt-oss:*")}),
]
BAD = [
    (SERVER, {"version": "<0.14"}, "version 0.14.2 is outside <0.14"),
    (replace(SERVER, version="main"), {"version": ">=1"}, "version main cannot be compared with >=1"),
    (WIDE, {"bind": Bind.PUBLIC}, "bind 0.0.0.0:11434 (any) is wider than public"),
    (SERVER, {"bind": (Bind.PRIVATE, Bind.ANY)}, "bind 127.0.0.1:11434 (loopback) is wider than private, any"),
    (graded(AuthState.NONE), {"auth": "partial"}, "auth none is weaker than partial"),
    (graded(AuthState.SELF_REGISTRATION), {"auth": "partial"}, "auth self-registration is weaker than partial"),
    (SERVER, {"user": "ollama"}, "user bob is not ollama"),
    (SERVER, {"ports": (80, 81)}, "port 11434 is not among 80, 81"),
    (WITH_MODEL, {"models": ("llama*", "gpt*")}, "model qwen3 is not on its list"),
    (WITH_MODEL, {"models": ("llama*", "qwen3")}, "model gpt-oss:120b-cloud (remote) is not on its list"),
]


@pytest.mark.parametrize(("server", "terms"), GOOD)
def test_as_approved_is_silent(server: Server, terms: dict[str, Any]) -> None:
    """What is within its terms, or could not be told, deviates in nothing."""
    assert deviations(server, **terms) == ()


@pytest.mark.parametrize(("server", "terms", "words"), BAD)
def test_each_deviation_is_one_sentence(server: Server, terms: dict[str, Any], words: str) -> None:
    """What deviates is said with what is and what was approved."""
    assert deviations(server, **terms) == (words,)


def test_every_listener_is_held_against_the_bind() -> None:
    """One wide listener beside a narrow one is a deviation of its own."""
    server = replace(
        WIDE,
        listeners=(*SERVER.listeners, *WIDE.listeners, Listener(family="tcp6", address="::", port=1, scope=Scope.ANY)),
    )

    assert len(deviations(server, bind=Bind.LOOPBACK)) == 2


def test_the_last_day_counts() -> None:
    """An approval ends with its day, not on it."""
    assert expired(date(2026, 1, 2), "2026-01-02") == ()
    assert expired(date(2026, 1, 2), "2026-01-03") == ("approval ended on 2026-01-02",)
    assert expired(None, "2026-01-03") == ()
