"""How findings name things."""

from dataclasses import replace

import pytest
from asset_samples import MODEL, SERVER, estate

from aiguard_agent.core.assets import ModelRef, Server
from aiguard_agent.core.facts import Container, Listener, Scope
from aiguard_agent.core.finding import Approval, ApprovalState
from aiguard_agent.inventory.schema import Inventory
from aiguard_agent.policy.rule import Known
from aiguard_agent.policy.words import (
    approve_command,
    exposed,
    holders,
    listeners_seen,
    model_title,
    state_of,
    stop_command,
    where,
    who,
)

BY_HAND = replace(SERVER, version="", process=replace(SERVER.process, unit="", user=""))
BOXED = replace(BY_HAND, container=Container(id="4f1c2a" * 10, runtime="docker", name=""))
WIDE = Listener(family="tcp4", address="0.0.0.0", port=9000, scope=Scope.ANY)


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (SERVER, "ollama 0.14.2 (bob, ollama.service)"),
        (BY_HAND, "ollama (uid 1001)"),
        (BOXED, "ollama (uid 1001, container 4f1c2a4f1c2a)"),
    ],
)
def test_a_server_is_named_with_who_runs_it(server: Server, words: str) -> None:
    """Product, version and account, as far as they are known."""
    assert who(server) == words


def test_the_widest_listener_is_shown() -> None:
    """The one that matters, and how many more there are."""
    assert where(SERVER) == "127.0.0.1:11434"
    assert where(replace(SERVER, listeners=(*SERVER.listeners, WIDE))) == "0.0.0.0:9000 and 1 more"
    assert where(replace(SERVER, listeners=())) == "no listener"


@pytest.mark.parametrize(
    ("server", "command"),
    [
        (SERVER, "systemctl stop ollama.service"),
        (BY_HAND, "kill 4121"),
        (BOXED, "docker stop 4f1c2a4f1c2a"),
        (
            replace(SERVER, process=replace(SERVER.process, unit="x; rm -rf.service")),
            "systemctl stop 'x; rm -rf.service'",
        ),
        (replace(SERVER, process=replace(SERVER.process, unit="session-1.scope")), "kill 4121"),
    ],
)
def test_a_server_is_stopped_the_way_it_was_started(server: Server, command: str) -> None:
    """By its container, its unit or its pid; hostile names are quoted."""
    assert stop_command(server) == command


def test_commands_quote_hostile_ids() -> None:
    """An id is text from the host and may end up in somebody's shell."""
    assert approve_command("a; b") == "aiguard-agent inventory approve 'a; b'"


def test_holders_are_found_by_pid_child_and_reference() -> None:
    """Three ways to have a model; who has nothing is not listed."""
    held = replace(MODEL, held_by=(4121, 5))
    child = replace(SERVER, id="a", process=replace(SERVER.process, pid=1), children=(5,))
    named = replace(
        SERVER, id="b", process=replace(SERVER.process, pid=2), models=(ModelRef(name="x", via="http", model_id="m1"),)
    )
    nameless = (ModelRef(name="remote", via="http"),)
    other = replace(SERVER, id="c", process=replace(SERVER.process, pid=3), models=nameless)

    found = holders(estate(SERVER, child, named, other, held))

    assert [server.id for server in found["m1"]] == ["a", "b", SERVER.id]


def test_the_inventory_speaks_only_when_there_is_one() -> None:
    """An asset without an answer is a shadow only if somebody could have named it."""
    approved = {"x": Approval(state=ApprovalState.APPROVED)}

    assert state_of(Known(approvals=approved), "x") is ApprovalState.NO_INVENTORY
    assert state_of(Known(inventory=Inventory(), approvals=approved), "x") is ApprovalState.APPROVED
    assert state_of(Known(inventory=Inventory()), "x") is ApprovalState.SHADOW


def test_reach_is_told_with_the_owner() -> None:
    """Which pid owns which socket, and that a namespace is closed."""
    server = replace(SERVER, listeners=(replace(WIDE, pid=7),), isolated=True)

    assert [one.what for one in listeners_seen(server)] == [
        "pid 7 owns 0.0.0.0:9000 (loopback)",
        "its network namespace has no interface but loopback",
    ]
    assert not exposed(server)
    assert exposed(replace(server, isolated=False))


def test_a_model_is_named_with_its_file() -> None:
    """A model without a name is called like its file."""
    assert model_title(replace(MODEL, name="")) == "/models/llama.gguf (gguf)"
    assert model_title(replace(MODEL, name="llama")) == "/models/llama.gguf (gguf)"
    assert model_title(replace(MODEL, name="llama3.1:8b")) == "llama3.1:8b (gguf, /models/llama.gguf)"
