"""Every metric there is: its name, type, labels, how many series it may have on any host, and what it means.

Base units, `_total` on counters alone. docs/metrics.md is made from this, alerts and dashboard are tested against it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from aiguard_agent.metrics.selfreport import BUCKETS

PREFIX = "aiguard_"
SERIES = 500
"""Series that one host may have, all metrics together."""
Kind = Literal["gauge", "counter", "info", "histogram"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One metric."""

    name: str
    """As it is scraped."""
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    limit: int = 1
    """Most label sets it may have; a histogram has several series for each."""
    own: bool = False
    """True when it is about the agent, False when it is about the host."""

    @property
    def series(self) -> int:
        """Most series it may have."""
        return self.limit * (len(BUCKETS) + 3 if self.kind == "histogram" else 1)


def _gauge(name: str, text: str, *labels: str, limit: int = 1, own: bool = False) -> Spec:
    return Spec(name=PREFIX + name, kind="gauge", help=text, labels=labels, limit=limit, own=own)


def _counter(name: str, text: str, *labels: str, limit: int = 1) -> Spec:
    return Spec(name=PREFIX + name, kind="counter", help=text, labels=labels, limit=limit, own=True)


SERVERS = _gauge(
    "model_servers",
    "AI servers on this host. engine is the signature that knew it, approved what the inventory says,"
    " exposure how far its widest socket reaches.",
    "engine",
    "approved",
    "exposure",
    limit=96,
)
SERVERS_BY_AUTH = _gauge(
    "model_servers_by_auth", "AI servers by how open they are to somebody without credentials.", "auth", limit=5
)
MODELS = _gauge("models", "Models on this host's disks.", "format", "approved", limit=60)
MODEL_BYTES = _gauge("model_bytes", "Bytes of all models on this host's disks.")
FINDINGS_OPEN = _gauge("findings_open", "Open findings; waived ones are not counted.", "rule", "severity", limit=72)
FINDINGS = _gauge(
    "findings", "Findings, open and waived; every combination is always there.", "severity", "state", limit=10
)
SUPPRESSED = _gauge("findings_suppressed", "Findings below the configured severity or confidence.")
BLIND = _gauge(
    "blind_spots",
    "What could not be looked at in the last scan; never to be mistaken for nothing there.",
    "collector",
    "kind",
    limit=32,
)
GPUS = _gauge("gpus", "Accelerators.", "vendor", limit=4)
PROCESSES = _gauge("processes", "Processes seen in the last scan.")
LISTENERS = _gauge("listeners", "Listening sockets seen in the last scan.")
NAMESPACES = _gauge("network_namespaces", "Network namespaces seen in the last scan.")
ROOTLESS = _gauge("rootless", "1 when the agent lacks the rights to see other users' processes.")
LAST_SCAN = _gauge("last_scan_timestamp_seconds", "When the host was last looked at.")
LAST_SCAN_DURATION = _gauge("last_scan_duration_seconds", "How long the last scan took.")

BUILD = Spec(
    name=PREFIX + "build_info",
    kind="info",
    help="Version of the agent and of the Python it runs on; the value is always 1.",
    labels=("version", "revision", "python"),
    own=True,
)
COLLECTOR_SUCCESS = _gauge(
    "collector_success", "1 when the collector ended as it should in the last scan.", "collector", limit=10, own=True
)
COLLECTOR_DURATION = _gauge(
    "collector_duration_seconds", "How long the collector took in the last scan.", "collector", limit=10, own=True
)
SCANS = _counter("scans_total", "Scans by what made the agent look.", "trigger", limit=7)
SCAN_DURATION = Spec(
    name=PREFIX + "scan_duration_seconds",
    kind="histogram",
    help="How long scans took, by phase.",
    labels=("phase",),
    limit=4,
    own=True,
)
WATCHER_UP = _gauge(
    "watcher_up", "1 when the last canary of this source of hints was seen.", "watcher", limit=7, own=True
)
WATCHER_EVENTS = _counter("watcher_events_total", "Events read, those without interest included.", "watcher", limit=7)
WATCHER_LOSSES = _counter(
    "watcher_losses_total",
    "Times that the kernel said that events were lost; each made the agent look at everything at once.",
    "watcher",
    limit=7,
)
HINTS = _counter("hints_total", "Hints that something may have changed.", "hint", limit=5)
HINTS_PENDING = _gauge("hints_pending", "Hints that wait to be looked at.", own=True)
HINTS_DROPPED = _counter("hints_dropped_total", "Hints that found no room; the next scan makes up for them.")
EVENTS = _counter("events_total", "Events recorded for sending.", "class", "severity", limit=20)
EVENTS_DROPPED = _counter(
    "events_dropped_total", "Recorded events that were given up for lack of room.", "lane", "reason", limit=15
)
OUTPUT_EVENTS = _counter("output_events_total", "What became of events at each output.", "output", "result", limit=24)
PENDING = _gauge("spool_pending_events", "Events that wait for an output.", "output", limit=6, own=True)
OLDEST = _gauge(
    "spool_oldest_event_timestamp_seconds",
    "Time of the oldest event that waits for an output; absent when nothing waits.",
    "output",
    limit=6,
    own=True,
)
THROTTLED = _counter("throttled_seconds_total", "Seconds that work waited for a budget.", "budget", limit=3)
REQUESTS = _counter("metrics_requests_total", "Answers of this endpoint by HTTP status.", "code", limit=10)
LEDGER_BYTES = _gauge("ledger_bytes", "Bytes of the ledger, its write-ahead log included.", own=True)
LEDGER_LIMIT = _gauge("ledger_limit_bytes", "Bytes that the ledger may have.", own=True)
LEDGER_DEGRADED = _gauge("ledger_degraded", "1 while the ledger refuses or drops anything.", own=True)
CONFIG_GENERATION = _gauge("config_generation", "Number of the configuration in force.", own=True)
CONFIG_OK = _gauge("config_last_reload_successful", "0 when the last attempt to load a configuration failed.", own=True)
CONFIG_TIME = _gauge(
    "config_last_reload_success_timestamp_seconds", "When the configuration in force was loaded.", own=True
)
STARTED = _gauge("agent_start_timestamp_seconds", "When the agent started.", own=True)
CPU = _counter("agent_cpu_seconds_total", "Processor time of the agent.")
RESIDENT = _gauge("agent_resident_memory_bytes", "Resident memory of the agent.", own=True)
OPEN_FILES = _gauge("agent_open_fds", "Open file descriptors of the agent.", own=True)
THREADS = _gauge("agent_threads", "Threads of the agent.", own=True)


def catalogue() -> tuple[Spec, ...]:
    """Return every metric: about the host first, then about the agent, each by name."""
    return tuple(sorted(_specs(globals().values()), key=lambda one: (one.own, one.name)))


def _specs(values: Iterable[object]) -> list[Spec]:
    return [one for one in values if isinstance(one, Spec)]
