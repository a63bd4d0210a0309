"""What the agent counts about itself, gathered for metrics and status."""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from aiguard_agent import __version__
from aiguard_agent.agent import all_rules
from aiguard_agent.collect.run import all_collectors
from aiguard_agent.core.facts import CollectorRun
from aiguard_agent.daemon.limits import resident
from aiguard_agent.identify.index import Index
from aiguard_agent.identify.models import model_formats
from aiguard_agent.metrics.labels import Vocabulary
from aiguard_agent.metrics.selfreport import (
    ConfigNumbers,
    Durations,
    LedgerNumbers,
    ProcessNumbers,
    SelfReport,
    WatcherNumbers,
)
from aiguard_agent.watch.conditions import all_watchers
from aiguard_agent.watch.life import SourceState


@dataclass(slots=True)
class Numbers:
    """Counters of one run of the daemon; its loop writes, others read."""

    started_at: float = field(default_factory=time.time)
    scans: Counter[str] = field(default_factory=Counter)
    durations: dict[str, Durations] = field(default_factory=dict)
    hints: Counter[str] = field(default_factory=Counter)
    throttled: Counter[str] = field(default_factory=Counter)
    collectors: tuple[CollectorRun, ...] = ()

    def ran(self, trigger: str, seconds: dict[str, float], collectors: tuple[CollectorRun, ...]) -> None:
        """Count one look."""
        self.scans[trigger] += 1
        self.collectors = collectors
        for phase, took in seconds.items():
            self.durations[phase] = self.durations.get(phase, Durations()).observe(took)

    def report(
        self, sources: tuple[SourceState, ...], ledger: LedgerNumbers | None, config: ConfigNumbers
    ) -> SelfReport:
        """Return everything as it is now."""
        return SelfReport(
            version=__version__,
            python=sys.version.split()[0],
            collectors=self.collectors,
            scans=dict(self.scans),
            durations=dict(self.durations),
            watchers=tuple(
                WatcherNumbers(name=one.name, up=one.up, events=one.events, losses=one.lost) for one in sources
            ),
            hints=dict(self.hints),
            throttled=dict(self.throttled),
            ledger=ledger,
            config=config,
            process=process_numbers(self.started_at),
        )


def process_numbers(started_at: float) -> ProcessNumbers:
    """Return what this process costs."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return ProcessNumbers(
        started_at=started_at,
        cpu_seconds=used.ru_utime + used.ru_stime,
        resident=resident(),
        open_files=len(os.listdir("/proc/self/fd")),
        threads=threading.active_count(),
    )


def vocabulary(index: Index) -> Vocabulary:
    """Return the closed sets that label values come from."""
    return Vocabulary(
        engine=frozenset(signature.id for signature in index.signatures),
        format=frozenset(one.name for one in model_formats()),
        rule=frozenset(rule.id for rule in all_rules()),
        collector=frozenset(collector.name for collector in all_collectors()),
        watcher=frozenset(watcher.name for watcher in all_watchers()),
    )
