"""Which servers are approved, and a whole host at once."""

from dataclasses import replace
from datetime import date

import pytest
from asset_samples import D1, D2, MODEL, SERVER, estate, listening

from aiguard_agent.core.assets import Server
from aiguard_agent.core.facts import Container, Scope
from aiguard_agent.core.finding import Approval, ApprovalState
from aiguard_agent.inventory.match import about, match_estate, match_servers, means, unseen
from aiguard_agent.inventory.schema import ApprovedModel, ApprovedServer, Bind, Inventory

BOXED = replace(SERVER, container=Container(id="4f1c2a", name="llm", image="ollama/ollama:0.14"))


def answer(server: Server, *entries: ApprovedServer, today: str = "2026-06-01") -> Approval:
    inventory = Inventory(servers=entries, file="i.yaml", server_lines=tuple(range(5, 20)))
    return match_servers(inventory, [server], [MODEL], hostname="gpu-07", today=today)[server.id]


@pytest.mark.parametrize(
    ("server", "entry", "by"),
    [
        (SERVER, ApprovedServer(product="ollama"), "product"),
        (SERVER, ApprovedServer(product="olla*"), "product"),
        (SERVER, ApprovedServer(product="ollama", host="gpu-*"), "product and host"),
        (SERVER, ApprovedServer(product="ollama", unit="ollama.service"), "product and unit"),
        (SERVER, ApprovedServer(product="ollama", id="ollama@gpu-07:*"), "product and id"),
        (SERVER, ApprovedServer(product="*", name="Ollama"), "product and name"),
        (BOXED, ApprovedServer(product="ollama", container="llm"), "product and container"),
        (BOXED, ApprovedServer(product="ollama", container="ollama/ollama:*"), "product and container"),
    ],
)
def test_a_named_server_is_approved(server: Server, entry: ApprovedServer, by: str) -> None:
    """The clause says what the server was known by."""
    assert answer(server, entry) == Approval(state=ApprovalState.APPROVED, clause=f"servers[0] by {by} (i.yaml:5)")


@pytest.mark.parametrize(
    "entry",
    [
        ApprovedServer(product="vllm"),
        ApprovedServer(product="ollama", host="web-*"),
        ApprovedServer(product="ollama", unit="other.service"),
        ApprovedServer(product="ollama", id="ollama@gpu-08:*"),
        ApprovedServer(product="ollama", container="*"),
        ApprovedServer(product="ollama", name="x"),
    ],
)
def test_another_server_is_a_shadow(entry: ApprovedServer) -> None:
    """The same product in another place, started by somebody by hand, is what shadow means."""
    assert answer(SERVER, entry) == Approval(state=ApprovalState.SHADOW)


def test_of_several_entries_the_best_fit_answers() -> None:
    """Two entries for one product: the one that it is true to, wherever it stands."""
    other = ApprovedServer(product="ollama", user="alice", ports=(1,))
    own = ApprovedServer(product="ollama", user="bob")

    assert answer(SERVER, other, own).clause.startswith("servers[1]")
    assert answer(SERVER, own, other).clause.startswith("servers[0]")
    assert answer(SERVER, other).deviations == ("user bob is not alice", "port 11434 is not among 1")


def test_deviations_make_a_drift() -> None:
    """A named server that is not as approved is no shadow, and its deviations can be asked by topic."""
    found = answer(
        listening(SERVER, "0.0.0.0", Scope.ANY), ApprovedServer(product="ollama", bind=Bind.LOOPBACK, version="<0.1")
    )

    assert found.state is ApprovalState.DRIFTED
    assert about(found, "bind") == ("bind 0.0.0.0:11434 (any) is wider than loopback",)
    assert about(found, "user", "auth") == ()


def test_an_approval_ends() -> None:
    """After its last day the server drifts."""
    found = answer(SERVER, ApprovedServer(product="ollama", expires=date(2026, 5, 31)))

    assert found.deviations == ("approval ended on 2026-05-31",)


def test_a_host_is_answered_whole() -> None:
    """Servers and models both get an answer; without an inventory, that there is none."""
    host = estate(SERVER, MODEL)
    inventory = Inventory(models=(ApprovedModel(sha256=D1),))

    found = match_estate(inventory, host, today="2026-01-01")

    assert {key: value.state for key, value in found.items()} == {
        "m1": ApprovalState.APPROVED,
        SERVER.id: ApprovalState.SHADOW,
    }
    assert {one.state for one in match_estate(None, host, today="").values()} == {ApprovalState.NO_INVENTORY}


def test_a_server_without_a_unit_has_no_unit() -> None:
    """An entry that asks for any unit does not mean a process without one."""
    by_hand = replace(SERVER, process=replace(SERVER.process, unit=""))

    assert means(ApprovedServer(product="ollama", unit="*"), by_hand) == ""


def test_what_is_approved_but_absent_is_named() -> None:
    """Entries for other hosts are not missed here; the words do not depend on the position."""
    inventory = Inventory(
        models=(ApprovedModel(sha256=D1), ApprovedModel(name="gone", sha256=D2)),
        servers=(
            ApprovedServer(product="ollama"),
            ApprovedServer(product="vllm", unit="vllm.service"),
            ApprovedServer(product="vllm", host="web-*"),
        ),
    )

    assert unseen(inventory, estate(SERVER, MODEL)) == (
        ("models[1]", "model gone sha256:bbbbbbbbbbbb"),
        ("servers[1]", "server vllm vllm.service"),
    )
