"""Run one scenario on a filesystem of 8 MB that nobody else sees, and print what came of it as JSON.

python small_disk.py SCENARIO DIRECTORY        needs root: own mount namespace, tmpfs over DIRECTORY
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ledger_samples import LIMITS, event, events, finding, ledger_in, scan

from aiguard_agent.core.event import Lane
from aiguard_agent.core.finding import Severity
from aiguard_agent.ledger.store import Ledger

NEW_MOUNTS, PRIVATE, RECURSIVE = 0x20000, 1 << 18, 1 << 14
SMALL = replace(LIMITS, reserve_bytes=1 << 20, least_bytes=0)
READ_ONLY, REMOUNT = 1, 32
CANNOT = 77


def mount_small(directory: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_MOUNTS) or libc.mount(b"none", b"/", None, PRIVATE | RECURSIVE, None):
        sys.exit(CANNOT)
    if libc.mount(b"tmpfs", os.fsencode(directory), b"tmpfs", 0, b"size=8m"):
        sys.exit(CANNOT)


def fill(path: Path) -> None:
    """Take every byte that is left."""
    with path.open("ab", buffering=0) as file:
        for size in (1 << 16, 4096, 1):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue


def drain(ledger: Ledger) -> list[Any]:
    """Send everything there is."""
    ledger.use_outputs(["siem"])
    found = []
    while batch := ledger.outbox("siem").batch(500):
        found += [one.event for one in batch]
        ledger.outbox("siem").advance(batch[-1].number)
        ledger.flush()
    return found


def totals(ledger: Ledger) -> dict[str, int]:
    return {f"{loss.lane}/{loss.reason}": loss.total for loss in ledger.history().losses()}


def alone(directory: Path) -> dict[str, Any]:
    """Write far more than fits; no output takes anything."""
    critical = []
    with ledger_in(directory, SMALL) as ledger:
        for number in range(0, 12_000, 40):
            ledger.record(events(1.0, *(event(number + one, size=1600) for one in range(40))))
            if number % 400 == 0:
                critical.append(ledger.record(scan(float(number), *_criticals(number))))
        ledger.flush()
        health, losses = ledger.health, totals(ledger)
        sent = drain(ledger)
        told = [one.body for one in sent if one.body.get("kind") == "events-dropped"]
        findings = len(ledger.history().last_findings())
    lanes = [one.lane for one in sent]
    return {
        "health": health,
        "losses": losses,
        "told": told,
        "telemetry": lanes.count(Lane.TELEMETRY),
        "critical": lanes.count(Lane.CRITICAL),
        "durable": all(one.durable for one in critical),
        "findings": findings,
    }


def _criticals(number: int) -> list[Any]:
    return [finding(f"s{one}", Severity.CRITICAL) for one in range(0, number + 1, 400)]


def foreign(directory: Path) -> dict[str, Any]:
    """Somebody else fills the disk, and later frees it."""
    with ledger_in(directory, SMALL) as ledger:
        for number in range(0, 400, 40):
            ledger.record(events(1.0, *(event(number + one, size=1600) for one in range(40))))
        ledger.flush()
        fill(directory / "filler")
        full = [ledger.record(scan(float(at), *_criticals(400 * at))) for at in range(1, 100)]
        for number in range(1000, 2000, 40):
            ledger.record(events(1.0, *(event(number + one, size=1600) for one in range(40))))
        ledger.flush()
        (directory / "filler").unlink()
        after = ledger.record(scan(2000.0, finding("after", Severity.CRITICAL)))
        return {
            "durable": all(one.durable for one in full),
            "after": after.durable,
            "health": ledger.health,
            "reserve": (directory / "ledger.reserve").exists(),
            "critical": sum(one.lane is Lane.CRITICAL for one in drain(ledger)),
            "told": sum(len(one.turns.findings) for one in (*full, after)),
        }


def hopeless(directory: Path) -> dict[str, Any]:
    """No reserve, nothing that may be dropped, and not a byte free; then there is."""
    with ledger_in(directory, SMALL) as ledger:
        ledger.record(scan(1.0, finding("before", Severity.CRITICAL)))
        (directory / "ledger.reserve").unlink()
        fill(directory / "filler")
        big = finding("new", Severity.CRITICAL, title="x" * 300_000)
        lost = ledger.record(replace(scan(2.0, big), events=(event(1, Lane.CRITICAL), event(2))))
        sick = ledger.health
        (directory / "filler").unlink()
        saved = ledger.record(scan(3.0, big))
        return {
            "lost": [lost.durable, bool(lost.failure), len(lost.events)],
            "sick": sick,
            "saved": [saved.durable, ledger.health],
            "told": [turn.what.value for turn in saved.turns.findings],
            "losses": totals(ledger),
            "ids": [one.id for one in drain(ledger)].count(event(1, Lane.CRITICAL).id),
            "reserve": (directory / "ledger.reserve").exists(),
        }


def read_only(directory: Path) -> dict[str, Any]:
    """The state directory cannot be written."""
    with ledger_in(directory, SMALL) as ledger:
        ledger.record(scan(1.0, finding("before")))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", os.fsencode(directory), b"tmpfs", REMOUNT | READ_ONLY, None):
        sys.exit(CANNOT)
    with ledger_in(directory, SMALL) as ledger:
        first = ledger.record(scan(2.0, finding("new", Severity.CRITICAL)))
        return {
            "notes": [[note.what, note.words.replace(str(directory), "DIR")] for note in ledger.notes],
            "durable": ledger.durable,
            "recorded": first.durable,
            "sent": [one.body["turn"] for one in drain(ledger)],
        }


def at_start(directory: Path) -> dict[str, Any]:
    """The disk is full when the agent starts."""
    with ledger_in(directory, SMALL) as ledger:
        ledger.record(scan(1.0, finding("before", Severity.CRITICAL)))
    fill(directory / "filler")
    with ledger_in(directory, SMALL) as ledger:
        first = ledger.record(scan(2.0, finding("before", Severity.CRITICAL), finding("new", Severity.CRITICAL)))
        return {
            "notes": [note.words for note in ledger.notes],
            "durable": first.durable and ledger.durable,
            "told": [turn.what.value for turn in first.turns.findings],
        }


SCENARIOS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "alone": alone,
    "foreign": foreign,
    "hopeless": hopeless,
    "at-start": at_start,
    "read-only": read_only,
}


if __name__ == "__main__":
    place = Path(sys.argv[2])
    mount_small(place)
    print(json.dumps(SCENARIOS[sys.argv[1]](place)))
