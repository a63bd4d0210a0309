"""`events tail` on real ledgers."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aiguard_agent.core.event import Lane
from aiguard_agent.core.finding import Severity
from aiguard_agent.ledger.change import AssetSeen, Change
from kept_ledger import T0, found, ledger_at, plain_event, whole


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A critical finding, a server, and three events of telemetry."""
    directory = tmp_path / "state"
    server = AssetSeen(id="vllm@h:8000", kind="server", document={"product": "vllm"})
    with ledger_at(directory) as ledger:
        ledger.record(whole(T0, found("vllm@h:8000", Severity.CRITICAL), assets=(server,)))
        ledger.record(Change(at=T0, events=tuple(plain_event(n, kind="guard", verdict="allow") for n in range(3))))
    return directory


def follow(state: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "aiguard_agent", "events", "tail", "-f", "--state", str(state), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def add(state: Path, number: int, lane: Lane = Lane.TELEMETRY) -> None:
    with ledger_at(state) as ledger:
        ledger.record(Change(at=T0, events=(plain_event(number, lane, kind="guard", n=number),)))


def test_tail(run: Any, state: Path) -> None:
    """The newest events, the newest last, each one line: a finding says what it is about, others what they hold."""
    out = run("events", "tail", "--state", state).out.splitlines()

    assert len(out) == 5
    assert out[0].startswith("2023-11-14T22:13:20.000Z  critical   opened  critical  exposed-no-auth  vllm@h:8000")
    assert out[1].endswith("server  vllm@h:8000")
    assert out[4].endswith('{"kind": "guard", "verdict": "allow"}')


def test_lanes_and_number(run: Any, state: Path) -> None:
    """Lanes and how many can be chosen; JSON is one object a line, with the id by which a receiver knows it."""
    out = run(
        "events", "tail", "-n", "1", "--lane", "critical", "--lane", "inventory", "--format", "json", "--state", state
    )

    (record,) = map(json.loads, out.out.splitlines())
    assert (record["lane"], record["body"]["id"], len(record["id"])) == ("inventory", "vllm@h:8000", 26)
    assert run("events", "tail", "-n", "0", "--state", state).out == ""


@pytest.mark.parametrize("words", [("-n", "-1"), ("-n", "many"), ("-n", "1" * 30), ("--lane", "gossip")])
def test_what_is_refused(run: Any, state: Path, words: tuple[str, ...]) -> None:
    """Numbers that are none and lanes that do not exist."""
    assert run("events", "tail", "--state", state, *words).code == 2


def test_hostile_texts(run: Any, tmp_path: Path) -> None:
    """Nothing in an event acts on the terminal, in text or JSON."""
    with ledger_at(tmp_path) as ledger:
        ledger.record(whole(T0, found("x\x1b[2J\u202e")))

    out = (
        run("events", "tail", "--state", tmp_path).out
        + run("events", "tail", "--format", "json", "--state", tmp_path).out
    )
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_follow(state: Path) -> None:
    """New events come as they are committed, of the chosen lanes; Ctrl-C ends it in order."""
    with follow(state, "-n", "1", "--lane", "critical") as tail:
        assert tail.stdout is not None
        assert "opened" in tail.stdout.readline()
        add(state, 10)
        add(state, 11, Lane.CRITICAL)

        assert '"n": 11' in tail.stdout.readline()
        tail.send_signal(signal.SIGINT)
        rest, complaints = tail.communicate(timeout=20)

    assert (tail.returncode, rest, complaints) == (0, "", "")


def test_follow_a_ledger_that_is_begun_afresh(state: Path) -> None:
    """A damaged ledger is put aside; the numbers of the new one begin low, and are shown all the same."""
    with follow(state, "-n", "1") as tail:
        assert tail.stdout is not None
        tail.stdout.readline()
        for file in state.iterdir():
            file.rename(file.with_name(f"{file.name}.aside"))
        add(state, 12)

        assert '"n": 12' in tail.stdout.readline()
        tail.send_signal(signal.SIGINT)
        tail.communicate(timeout=20)

    assert tail.returncode == 0


def test_the_reader_leaves(state: Path) -> None:
    """`tail -f | head` ends although nothing new comes."""
    with follow(state, "-n", "1") as tail:
        assert tail.stdout is not None
        tail.stdout.readline()
        tail.stdout.close()

        assert tail.wait(timeout=20) == 0
