"""What the agent counts about itself: filled in by the daemon, told to Prometheus, believed by nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate

from aiguard_agent.core.facts import CollectorRun

BUCKETS = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds, in seconds, of the buckets in which durations are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """How long something took, each time since the agent started. A value: `observe` returns the next one."""

    counts: tuple[int, ...] = (0,) * (len(BUCKETS) + 1)
    """How many fell into each bucket, the last for all that took longer; not cumulative."""
    seconds: float = 0.0
    """All together."""

    def observe(self, seconds: float) -> Durations:
        """Return these durations and one more; a clock that ran backwards counts as 0."""
        seconds = max(seconds, 0.0)
        place = sum(seconds > bound for bound in BUCKETS)
        counts = tuple(count + (at == place) for at, count in enumerate(self.counts))
        return Durations(counts=counts, seconds=self.seconds + seconds)

    def cumulative(self) -> tuple[tuple[str, int], ...]:
        """Return (upper bound, how many took at most so long), as an exposition wants it."""
        return tuple(zip((*map(str, BUCKETS), "+Inf"), accumulate(self.counts), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherNumbers:
    """One source of hints."""

    name: str
    up: bool
    """Its last canary was seen."""
    events: int = 0
    losses: int = 0
    """Times that the kernel said that events were lost; not how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputNumbers:
    """One output of events, since the agent started."""

    name: str
    acked: int = 0
    retried: int = 0
    dropped: int = 0
    dead: int = 0
    """Refused by the receiver for good, and put aside."""
    pending: int = 0
    oldest: float | None = None
    """Seconds since the epoch: time of the oldest event that waits; None = nothing does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerNumbers:
    """The file that holds findings and events."""

    size: int
    """Bytes, the write-ahead log included."""
    limit: int
    degraded: bool = False
    """True while it refuses or drops anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigNumbers:
    """The configuration in force."""

    generation: int
    ok: bool
    """The last attempt to load one succeeded; False = an older generation is in force."""
    loaded_at: float
    """Seconds since the epoch: when the generation in force was loaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessNumbers:
    """What the agent itself costs."""

    started_at: float
    cpu_seconds: float
    resident: int
    """Bytes."""
    open_files: int
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfReport:
    """All of it. Counters only grow while the agent runs; what is None or empty is not told at all."""

    version: str
    python: str
    revision: str = ""
    collectors: tuple[CollectorRun, ...] = ()
    """How each fared in the last scan."""
    scans: Mapping[str, int] = field(default_factory=dict)
    """By trigger: `start`, `timer`, `hint`, `lost`, `reload`, `request`."""
    durations: Mapping[str, Durations] = field(default_factory=dict)
    """By phase: `collect`, `identify`, `judge`, `whole`."""
    watchers: tuple[WatcherNumbers, ...] = ()
    hints: Mapping[str, int] = field(default_factory=dict)
    """By `core.hint.HintKind`."""
    hints_pending: int | None = None
    hints_dropped: int = 0
    events: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By (class, severity): OCSF's class name in snake_case, and a severity word."""
    dropped: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By (`core.event.Lane`, reason): `size`, `age`, `disk-full`."""
    outputs: tuple[OutputNumbers, ...] = ()
    throttled: Mapping[str, float] = field(default_factory=dict)
    """By budget (`cpu`, `bytes`, `probes`): seconds that work waited for it."""
    requests: Mapping[int, int] = field(default_factory=dict)
    """By HTTP status: what the metrics endpoint answered."""
    ledger: LedgerNumbers | None = None
    config: ConfigNumbers | None = None
    process: ProcessNumbers | None = None
