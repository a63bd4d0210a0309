"""Assets in an operator's words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_examples import AGENT, MODELS, OLLAMA, UNKNOWN, VLLM

from aiguard_agent.core.assets import Auth, AuthState, Server
from aiguard_agent.core.facts import Listener, Scope
from aiguard_agent.report import words

BY_ID = {model.id: model for model in MODELS}


@pytest.mark.parametrize(("number", "expected"), [(0, "0 keys"), (1, "1 key"), (1234, "1,234 keys")])
def test_amounts_agree(number: int, expected: str) -> None:
    """One is singular, all else plural."""
    assert words.amount(number, "key") == expected


def test_irregular_plurals_are_given() -> None:
    """`processes` is not `processs`."""
    assert words.amount(2, "process", "processes") == "2 processes"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_999, "1.0 MB"),
        (10**13, "10.0 TB"),
        (10**17, "100000.0 TB"),
    ],
)
def test_sizes_are_readable(number: int, expected: str) -> None:
    """Sizes have one decimal and the fitting unit."""
    assert words.size(number) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (None, ""),
        (0, "0 parameters"),
        (999, "999 parameters"),
        (77_632, "77.6K"),
        (4_000_000, "4.0M"),
        (8_030_000_000, "8.0B"),
        (10**12, "1.0T"),
    ],
)
def test_parameter_counts_are_readable(number: int | None, expected: str) -> None:
    """Counts are shown as model cards write them."""
    assert words.parameters(number) == expected


@pytest.mark.parametrize(
    ("listener", "expected"),
    [
        (Listener(family="tcp4", address="0.0.0.0", port=80), "0.0.0.0:80"),
        (Listener(family="tcp6", address="::", port=80), "[::]:80"),
        (Listener(family="unix", address="/run/x"), "unix:/run/x"),
    ],
)
def test_sockets_are_written_as_people_type_them(listener: Listener, expected: str) -> None:
    """IPv6 has brackets, a unix socket says what it is."""
    assert words.where(listener) == expected


def test_the_farthest_socket_is_shown() -> None:
    """Of several sockets the one that reaches farthest stands for all."""
    assert words.listening(OLLAMA) == "[::]:11434 +1"
    assert words.listening(VLLM) == "127.0.0.1:8000 (isolated)"
    assert words.listening(AGENT) == "no socket"
    assert words.reach(OLLAMA) < words.reach(VLLM) < words.reach(UNKNOWN) < words.reach(AGENT)


@pytest.mark.parametrize(
    ("state", "probed", "expected"),
    [
        (AuthState.NONE, True, "no authentication"),
        (AuthState.PARTIAL, True, "key, partly open"),
        (AuthState.SELF_REGISTRATION, True, "anyone may register"),
        (AuthState.REQUIRED, True, "authentication"),
        (AuthState.UNKNOWN, True, "auth unknown"),
        (AuthState.UNKNOWN, False, "auth not asked"),
    ],
)
def test_every_grade_has_words(state: AuthState, probed: bool, expected: str) -> None:
    """Each grade is told; not having asked is not the same as not knowing."""
    assert words.access(replace(VLLM, auth=Auth(state=state)), probed=probed) == expected


def test_open_routes_are_counted() -> None:
    """A partly guarded server says how many routes are open; one without a socket has no door at all."""
    assert words.access(VLLM, probed=True) == "key, 3 routes open"
    assert words.access(AGENT, probed=True) == "-"


def test_models_of_a_server_are_described() -> None:
    """The first model is described from its file, the others are counted, cloud ones too."""
    assert words.loaded(OLLAMA, BY_ID) == "llama3.1:8b +2 · gguf Q4_K_M · 8.0B"
    assert words.loaded(OLLAMA, {}) == "llama3.1:8b +2"
    assert words.loaded(replace(OLLAMA, models=()), {}) == "gpt-oss:120b-cloud · remote"
    assert words.loaded(AGENT, BY_ID) == "no model seen"


@pytest.mark.parametrize(
    ("server", "name", "owner"),
    [
        (OLLAMA, "ollama 0.14.2", "bob, ollama.service, pid 4121"),
        (VLLM, "vllm 0.10.11", "vllm, vllm.service, docker 4f1c2a000000 inference, pid 5200"),
        (UNKNOWN, "model server?", "alice, pid 6001"),
    ],
)
def test_servers_have_a_name_and_an_owner(server: Server, name: str, owner: str) -> None:
    """A server is named with its version, and its owner as far as known."""
    assert (words.product(server), words.owner(server)) == (name, owner)


def test_remarks_name_what_is_special() -> None:
    """Held, dangerous, writable and unfinished files say so; others say nothing."""
    assert words.remarks(MODELS[0]) == "held by pid 4121, 4180"
    assert words.remarks(MODELS[2]) == "runs code on load, writable by all, header incomplete"
    assert words.remarks(MODELS[3]) == ""
    assert words.remarks(replace(MODELS[0], held_by=(1, 2, 3, 4))) == "held by pid 1, 2, 3 …"


def test_stores_are_summed_up() -> None:
    """Stores come with number and size, the fullest first; a model without a store is not forgotten."""
    assert words.by_store([*MODELS, replace(MODELS[0], store="", size=5)]).startswith("huggingface 20 (20.0 GB), ")
    assert "elsewhere 1 (5 B)" in words.by_store([replace(MODELS[0], store="", size=5)])


def test_every_scope_has_a_reach() -> None:
    """No scope is missing from the order."""
    assert [words.reach(replace(VLLM, listeners=(Listener(family="tcp4", address="", scope=s),))) for s in Scope]


def test_no_socket_is_said_only_by_root() -> None:
    """Who may not see the owners of sockets has not seen that there is none."""
    bare = replace(VLLM, listeners=())

    assert words.listening(bare) == "no socket"
    assert words.listening(bare, rootless=True) == "socket not seen"
