"""Kill a writing process again and again, then compare what it was promised with what is there; prints JSON.

python crashing.py ROUNDS DIRECTORY
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from ledger_samples import LIMITS, event, finding, ledger_in, scan

from aiguard_agent.core.event import Lane
from aiguard_agent.core.finding import Severity
from aiguard_agent.ledger.store import open_ledger


def write_for_ever(directory: Path, start: int, pipe: int) -> None:
    """Record, and say after every durable group which events were promised."""
    limits = replace(LIMITS, group_rows=7)
    with open_ledger(directory, now=1.0, limits=limits) as ledger:
        promised: list[str] = []
        for number in range(start, start + 100_000):
            severity = Severity.CRITICAL if number % 11 == 0 else Severity.HIGH
            found = [finding(f"s{one}", severity) for one in range(max(0, number - 3), number)]
            more = (event(number, Lane.TELEMETRY, size=300),)
            recorded = ledger.record(replace(scan(float(number * 1000), *found), events=more))
            promised += [one.id for one in recorded.events]
            if recorded.durable or (number % 5 == 0 and ledger.flush()):
                os.write(pipe, (" ".join([str(number), *promised]) + "\n").encode())
                promised = []


def run_and_kill(directory: Path, start: int, dice: random.Random) -> tuple[int, list[str]]:
    """Return how far the child got, and what it was promised."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            write_for_ever(directory, start, writing)
        finally:
            os._exit(1)
    os.close(writing)
    data = b""
    for _ in range(dice.randrange(1, 12)):
        data += os.read(reading, 1 << 16)
    select.select([], [], [], dice.random() * 0.004)  # so that it dies anywhere, not only after a promise
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    while chunk := os.read(reading, 1 << 16):
        data += chunk
    os.close(reading)
    lines = [line.split() for line in data.decode().splitlines(keepends=True) if line.endswith("\n")]
    return int(lines[-1][0]) if lines else start, [one for line in lines for one in line[1:]]


def main(rounds: int, directory: Path) -> dict[str, Any]:
    dice, promised, number = random.Random(rounds), [], 1
    for _ in range(rounds):
        reached, more = run_and_kill(directory, number, dice)
        number = reached + 10  # ids of events that were not promised are not used again
        promised += more
    with ledger_in(directory) as ledger:
        ledger.use_outputs(["siem"])
        ids, keys = [], []
        while batch := ledger.outbox("siem").batch(1000):
            ids += [one.event.id for one in batch]
            keys += [one.event.body["key"] for one in batch if one.event.body.get("turn") == "opened"]
            ledger.outbox("siem").advance(batch[-1].number)
        known = [past.finding.key for past in ledger.history().findings(resolved=True, limit=1_000_000)]
        notes = [note.words for note in ledger.notes]
    return {
        "promised": len(promised),
        "lost": len(set(promised) - set(ids)),
        "twice": len(ids) - len(set(ids)),
        "unlike": len(set(keys) ^ set(known)) + len(keys) - len(set(keys)),
        "notes": notes,
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), Path(sys.argv[2]))))
