"""Put events into the ledger: group commit against one commit per event, and how long a critical finding takes.

    python bench/ledger.py [EVENTS] [DIRECTORY]

Both run in the same directory, one after the other, so the ratio is worth more than either figure. A directory on a
real disk is needed for either to mean anything; the default is the working directory.
"""

from __future__ import annotations

import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

from aiguard_agent.core.assets import Confidence
from aiguard_agent.core.event import ENTROPY, Event, Lane, ulid
from aiguard_agent.core.finding import Finding, Severity
from aiguard_agent.ledger.change import Change
from aiguard_agent.ledger.limits import Limits
from aiguard_agent.ledger.store import Ledger, open_ledger

BODY = 1700
"""Bytes of one event, about those of an OCSF detection finding."""
BACKLOG = 100_000


def event() -> Event:
    """Return an event of ordinary size."""
    now = int(time.time() * 1000)
    filler = random.randbytes(BODY // 2).hex()
    return Event(id=ulid(now, os.urandom(ENTROPY)), time_ms=now, lane=Lane.TELEMETRY, body={"message": filler})


def fill(ledger: Ledger, events: list[Event], each: bool) -> tuple[float, float]:
    """Record the events one by one; return wall and CPU seconds until the last is durable."""
    wall, cpu = time.perf_counter(), time.process_time()
    for one in events:
        ledger.record(Change(at=time.time(), events=(one,)))
        if each:
            ledger.flush()
    ledger.flush()
    return time.perf_counter() - wall, time.process_time() - cpu


def findings(ledger: Ledger, count: int, severity: Severity) -> Iterator[float]:
    """Yield the seconds from a new finding to its being durable."""
    for number in range(count):
        found = Finding(
            rule="shadow-server",
            subject=f"{severity.word}-{number}",
            title="nobody approved it",
            severity=severity,
            confidence=Confidence.HIGH,
        )
        begin = time.perf_counter()
        ledger.record(Change(at=time.time(), findings=(found,)))
        yield time.perf_counter() - begin


def drain(ledger: Ledger) -> tuple[int, float]:
    """Send everything to an output that takes all; return how many events and the wall seconds."""
    ledger.use_outputs(["sink"])
    box, count, begin = ledger.outbox("sink"), 0, time.perf_counter()
    while batch := box.batch(500):
        count += len(batch)
        box.advance(batch[-1].number)
    ledger.flush()
    return count, time.perf_counter() - begin


def idle(ledger: Ledger, count: int, scans: int) -> float:
    """Return the CPU seconds of one whole scan that sees the same findings again."""
    same = tuple(
        Finding(rule="r", subject=f"idle-{n}", title="t", severity=Severity.LOW, confidence=Confidence.HIGH)
        for n in range(count)
    )
    ledger.record(Change(at=0.0, findings=same, whole=True))
    ledger.flush()
    cpu = time.process_time()
    for number in range(scans):
        ledger.record(Change(at=number / 1000, findings=same, whole=True))
        ledger.flush()
    return (time.process_time() - cpu) / scans


def ready(directory: str) -> Ledger:
    """Return a fresh ledger there."""
    place = tempfile.mkdtemp(dir=directory)
    return open_ledger(Path(place), now=time.time(), limits=Limits(keep_free_bytes=0, keep_free_share=0.0))


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    few = max(100, count // 20)
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else ".") as directory:
        with ready(directory) as ledger:
            slow, _cpu = fill(ledger, [event() for _ in range(few)], each=True)
        with ready(directory) as ledger:
            fast, cpu = fill(ledger, [event() for _ in range(count)], each=False)
            each, group = few / slow, count / fast
            print(f"commit per event {each:,.0f}/s, group commit {group:,.0f}/s, ratio {group / each:.1f}")
            print(f"CPU per event in a group {cpu / count * 1e6:.0f} µs, of {BODY} bytes each")
            times = sorted(findings(ledger, 200, Severity.CRITICAL))
            cuts = quantiles(times, n=100)
            print(f"critical finding durable: p50 {cuts[49] * 1e3:.1f} ms, p99 {cuts[98] * 1e3:.1f} ms")
        with ready(directory) as ledger:
            print(f"whole scan of 200 known findings, nothing new: {idle(ledger, 200, 50) * 1e3:.2f} ms CPU")
        with ready(directory) as ledger:
            for _ in range(BACKLOG // 1000):
                ledger.record(Change(at=time.time(), events=tuple(event() for _ in range(1000))))
            ledger.flush()
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            sent, seconds = drain(ledger)
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
            print(f"backlog of {sent:,} drained: {sent / seconds:,.0f}/s, peak memory {grown:+.1f} MB")


if __name__ == "__main__":
    main()
