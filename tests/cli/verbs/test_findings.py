"""`findings` on real ledgers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aiguard_agent.core.finding import FindingState, Severity
from aiguard_agent.inventory.load import load
from kept_ledger import T0, found, ledger_at, whole

OPEN, WORSE = found("ollama@gpu-07:11434"), found("vllm@gpu-07:8000", Severity.CRITICAL)
WAIVED, GONE = found("tgi@gpu-07:80", state=FindingState.WAIVED), found("gone@gpu-07:9 [x]*")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Two looks: one finding went in between."""
    directory = tmp_path / "state"
    with ledger_at(directory) as ledger:
        ledger.record(whole(T0, OPEN, WORSE, WAIVED, GONE))
        ledger.record(whole(T0 + 60, OPEN, WORSE, WAIVED))
    return directory


def test_list(run: Any, state: Path) -> None:
    """Open ones by default, the worst first, each with its life; what is not shown is counted."""
    listed = run("findings", "list", "--state", state)

    first, second, last = listed.out.splitlines()
    assert listed.code == 0
    assert (
        first.split()
        == (
            f"{WORSE.key} critical open 2023-11-14T22:13:20Z 2023-11-14T22:14:20Z 2x 0 flaps "
            "exposed-no-auth vllm@gpu-07:8000"
        ).split()
    )
    assert OPEN.key in second
    assert last == "2 findings; 1 waived, 1 resolved not shown (--all)"


def test_list_all_as_json(run: Any, state: Path) -> None:
    """All of them, in the words of `scan --format json`, with first and last seen."""
    documents = json.loads(run("findings", "list", "--state", state, "--all", "--format", "json").out)

    assert [(one["subject"], one["state"], one["count"]) for one in documents] == [
        (WORSE.subject, "open", 2),
        (OPEN.subject, "open", 2),
        (WAIVED.subject, "waived", 2),
        (GONE.subject, "resolved", 1),
    ]
    assert documents[-1]["first_seen"] == T0
    assert documents[-1]["resolved_at"] == T0 + 60
    assert documents[0]["id"] == "exposed-no-auth"


def test_show(run: Any, state: Path) -> None:
    """The evidence chain, the remedy and the life of one, by a beginning of its key; a resolved one too."""
    shown = run("findings", "show", GONE.key[:8], "--state", state)

    assert shown.code == 0
    for words in (
        "GET /api/tags 200 · /home/alice/secret/run.sh",
        "bind it to loopback",
        "1 time,",
        "resolved    2023-",
    ):
        assert words in shown.out
    assert json.loads(run("findings", "show", OPEN.key, "--state", state, "--format", "json").out)["key"] == OPEN.key


@pytest.mark.parametrize("key", ["", "abc", "ffffffffffffffff", "*"])
def test_show_what_is_not_there(run: Any, state: Path, key: str) -> None:
    """Too short a beginning and an unknown key name nothing, and say where to look."""
    shown = run("findings", "show", key, "--state", state)

    assert (shown.code, "findings list --all" in shown.err) == (2, True)


def test_a_hostile_subject_cannot_act_on_the_terminal(run: Any, tmp_path: Path) -> None:
    """Escape sequences of a subject are shown, not sent."""
    with ledger_at(tmp_path) as ledger:
        ledger.record(whole(T0, hostile := found("x\x1b[2J@h:1")))

    out = (
        run("findings", "list", "--state", tmp_path).out + run("findings", "show", hostile.key, "--state", tmp_path).out
    )
    assert "\x1b" not in out
    assert r"x\x1b[2J@h:1" in out


def test_waive(run: Any, state: Path, inventory: Path) -> None:
    """The waiver names rule and subject exactly, stars and brackets of a subject included; a dry run writes nothing."""
    words = ("--until", "2999-01-01", "--reason", "lab", "--by", "ann", "--inventory", inventory, "--state", state)
    before = inventory.read_text()
    assert run("findings", "waive", GONE.key, *words, "--dry-run").code == 0
    assert inventory.read_text() == before

    assert run("findings", "waive", GONE.key, *words).code == 0

    (waiver,) = load(inventory).waivers
    assert (waiver.rule, waiver.reason, waiver.by) == ("exposed-no-auth", "lab", "ann")
    assert waiver.subject == "gone@gpu-07:9 [[]x][*]"


def test_waive_in_the_inventory_of_the_agent(run: Any, state: Path, inventory: Path, tmp_path: Path) -> None:
    """Without --inventory it is the configured one, which the agent reads again when it changes."""
    config = tmp_path / "config.yaml"
    config.write_text(f"scan: {{inventory: {inventory}}}\nledger: {{directory: {state}}}\n")
    config.chmod(0o600)
    words = ("--until", "2999-01-01", "--reason", "lab", "--by", "ann", "--config", config)

    assert run("findings", "waive", OPEN.key[:6], *words).code == 0
    assert load(inventory).waivers[0].subject == OPEN.subject


def test_no_ledger(run: Any, tmp_path: Path) -> None:
    """Where none is, none is made, and the words say how one comes to be."""
    nowhere, none = run("findings", "list", "--state", tmp_path / "x"), run("findings", "list", "--state", tmp_path)

    assert (nowhere.code, "no such directory" in nowhere.err) == (2, True)
    assert (none.code, "aiguard-agent run" in none.err) == (2, True)
    assert not any(tmp_path.iterdir())
