"""Run every collector over one host and bring home one `HostFacts`; what could not be looked at is in it too."""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from aiguard_agent.collect import collectors as plugins
from aiguard_agent.collect.collector import Collector, Options, Sight
from aiguard_agent.collect.host import Host, blind_of
from aiguard_agent.collect.merge import merge_files
from aiguard_agent.collect.rights import is_rootless
from aiguard_agent.core.facts import Blind, CollectorRun, HostFacts
from aiguard_agent.core.plugins import discover

MOST_BLIND = 1000
"""Blind spots of one collector in one pass that are told one by one."""


def all_collectors() -> tuple[Collector, ...]:
    """Return every collector in the order in which they run."""
    return tuple(sorted(discover(plugins, "COLLECTOR", Collector), key=lambda one: (one.order, one.name)))


def collect(
    host: Host,
    options: Options,
    *,
    collectors: Sequence[Collector] | None = None,
    clock: Callable[[], float] = time.time,
    timer: Callable[[], float] = time.perf_counter,
) -> HostFacts:
    """Look at the host once. A collector that fails becomes a Blind; the others go on.

    Called again with the same `Host`, it reads only what is new since the last time (see `memory`).
    """
    taken_at = clock()
    host.memory.begin()
    with _no_garbage_search():
        seen, runs = _run(host, options, all_collectors() if collectors is None else collectors, timer)
    return HostFacts(
        taken_at=taken_at,
        hostname=_first_line(host, "/proc/sys/kernel/hostname", "/etc/hostname"),
        kernel=_first_line(host, "/proc/sys/kernel/osrelease"),
        boot_id=_first_line(host, "/proc/sys/kernel/random/boot_id"),
        rootless=is_rootless(host),
        processes=seen.processes or (),
        listeners=seen.listeners,
        namespaces=seen.namespaces,
        files=merge_files(seen.files),
        containers=seen.containers,
        environments=seen.environments,
        gpus=seen.gpus,
        blind=seen.blind,
        stores=seen.stores,
        runs=runs,
        notes=seen.notes,
    )


def _run(
    host: Host, options: Options, collectors: Sequence[Collector], timer: Callable[[], float]
) -> tuple[Sight, tuple[CollectorRun, ...]]:
    """Run one collector after the other, each seeing what those before it saw."""
    seen, runs = Sight(processes=()), []
    for collector in collectors:
        options.progress(collector.help)
        started = timer()
        try:
            told = collector.collect(host, options, seen)
            seen, ok = merge(seen, replace(told, blind=_few(collector.name, told.blind))), True
        except Exception as error:  # noqa: BLE001 - one of four places: a broken collector must not take the others along
            lost = blind_of(collector.name, "everything it looks at", error)
            seen, ok = replace(seen, blind=(*seen.blind, lost)), False
        runs.append(CollectorRun(name=collector.name, seconds=timer() - started, ok=ok))
    return seen, tuple(runs)


def _few(name: str, blind: tuple[Blind, ...]) -> tuple[Blind, ...]:
    """Keep what a reader can use: one process that hides thousands of things must not bury what others hide."""
    if len(blind) <= MOST_BLIND:
        return blind
    rest = blind[MOST_BLIND:]
    kind = Counter(entry.kind for entry in rest).most_common(1)[0][0]
    more = Blind(
        collector=name,
        subject=f"{len(rest)} more things",
        reason="not told one by one",
        kind=kind,
        count=sum(entry.count for entry in rest),
    )
    return (*blind[:MOST_BLIND], more)


@contextmanager
def _no_garbage_search() -> Iterator[None]:
    """Put off the search for reference cycles: a pass makes none, and makes enough objects to set it off many times."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def merge(old: Sight, new: Sight) -> Sight:
    """Add what one collector saw to what was seen before it; processes are replaced, all else is appended."""
    return Sight(
        processes=old.processes if new.processes is None else new.processes,
        listeners=old.listeners + new.listeners,
        namespaces=old.namespaces + new.namespaces,
        files=old.files + new.files,
        containers=old.containers + new.containers,
        environments=old.environments + new.environments,
        gpus=old.gpus + new.gpus,
        blind=old.blind + new.blind,
        stores=old.stores + new.stores,
        notes={**old.notes, **new.notes},
    )


def _first_line(host: Host, *paths: str) -> str:
    """Return the first line of the first of these small files that can be read, or ""."""
    for path in paths:
        try:
            line = host.text(path, 4096).partition("\n")[0].strip()
        except OSError:
            continue
        if line:
            return line
    return ""
