"""Killed at any moment, and a log that was torn."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ledger_samples import event, finding, ledger_in, scan

from aiguard_agent.ledger.change import Change

HERE = Path(__file__).parent


@pytest.mark.parametrize("rounds", [20, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
def test_killed_at_any_moment(tmp_path: Path, rounds: int) -> None:
    """Nothing promised is lost, no event is there twice, and every finding has its event."""
    done = subprocess.run(
        [sys.executable, str(HERE / "crashing.py"), str(rounds), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=500,
        env={**os.environ, "PYTHONPATH": str(HERE)},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)

    assert found.pop("promised") > rounds * 5
    assert found == {"lost": 0, "twice": 0, "unlike": 0, "notes": []}


def truncated(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data))]


def flipped(data: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << dice.randrange(8))]) + data[place + 1 :]


def zeroed(data: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(data))
    return data[:place] + bytes(len(data) - place)


def scribbled(data: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(data))
    return data[:place] + dice.randbytes(len(data) - place)


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger as a crash leaves it: a database and a log of twenty commits; scan n found one finding, `s<n>`."""
    source, target = tmp_path_factory.mktemp("running"), tmp_path_factory.mktemp("crashed")
    with ledger_in(source) as ledger:
        for number in range(20):
            ledger.record(
                Change(at=number * 1000.0, findings=(finding(f"s{number}"),), events=(event(number),), whole=True)
            )
            ledger.flush()
        for file in source.iterdir():
            shutil.copy(file, target / file.name)
    assert (target / "ledger.db-wal").stat().st_size > 100_000
    return target


@pytest.mark.parametrize("damage", [truncated, flipped, zeroed, scribbled])
@pytest.mark.parametrize("rounds", [6, pytest.param(60, marks=pytest.mark.slow)])
def test_a_torn_log_gives_an_exact_prefix(
    crashed: Path, tmp_path: Path, damage: Callable[[bytes, random.Random], bytes], rounds: int
) -> None:
    """Whatever happens to the log, whole transactions up to some point are there, and writing goes on."""
    for seed in range(rounds):
        directory = tmp_path / str(seed)
        shutil.copytree(crashed, directory)
        log = directory / "ledger.db-wal"
        log.write_bytes(damage(log.read_bytes(), random.Random(seed)))
        with ledger_in(directory) as ledger:
            assert [note.what for note in ledger.notes] == []
            ledger.use_outputs(["siem"])
            stored = [one.event for one in ledger.outbox("siem").batch(1000)]
            own = [one.id for one in stored if "n" in one.body]
            there = [one.subject for one in ledger.history().last_findings()]

            assert own == [event(number).id for number in range(len(own))]
            assert there == ([f"s{len(own) - 1}"] if own else [])
            assert ledger.record(scan(1e6, finding("after"))).events
            assert ledger.flush()
    assert rounds
