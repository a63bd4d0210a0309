"""From values to metric families, as prometheus_client carries them. Pure; the only door is `labels.bounded`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from aiguard_agent.core.assets import AuthState, Server
from aiguard_agent.core.finding import ApprovalState, FindingState, Severity
from aiguard_agent.core.report import ScanReport
from aiguard_agent.metrics import catalogue as c
from aiguard_agent.metrics.catalogue import Spec
from aiguard_agent.metrics.labels import (
    APPROVED,
    EXPOSURES,
    ISOLATED,
    NOWHERE,
    Key,
    Merge,
    Vocabulary,
    bounded,
    clean,
)
from aiguard_agent.metrics.selfreport import Durations, OutputNumbers, SelfReport

Families = tuple[Metric, ...]


def build_family(version: str, python: str, revision: str = "") -> Metric:
    """Return the info metric that names the agent's version."""
    told = {"version": clean(version), "revision": clean(revision), "python": clean(python)}
    return InfoMetricFamily(c.BUILD.name.removesuffix("_info"), c.BUILD.help, value=told)


def estate_families(report: ScanReport, vocabulary: Vocabulary) -> Families:
    """Return what one scan says of the host."""
    estate = report.estate
    told = _Told(vocabulary)
    told.many(c.SERVERS, Counter(_server(report, one) for one in estate.servers).items())
    by_auth = Counter({(state.value,): 0 for state in AuthState})
    by_auth.update((one.auth.state.value,) for one in estate.servers)
    told.many(c.SERVERS_BY_AUTH, by_auth.items())
    told.many(c.MODELS, Counter((one.format, _approved(report, one.id)) for one in estate.models).items())
    told.one(c.MODEL_BYTES, sum(one.size for one in estate.models))
    _findings(report, told)
    blind: Counter[Key] = Counter()
    for spot in estate.blind:
        blind[spot.collector, spot.kind.value] += spot.count
    told.many(c.BLIND, blind.items())
    told.many(c.GPUS, Counter((one.vendor,) for one in estate.gpus).items())
    told.one(c.PROCESSES, estate.processes)
    told.one(c.LISTENERS, estate.listeners)
    told.one(c.NAMESPACES, estate.namespaces)
    told.one(c.ROOTLESS, estate.rootless)
    told.one(c.LAST_SCAN, estate.taken_at)
    told.one(c.LAST_SCAN_DURATION, report.duration_ms / 1000)
    return tuple(told.families)


def _server(report: ScanReport, server: Server) -> Key:
    return (server.product, _approved(report, server.id), exposure(server))


def exposure(server: Server) -> str:
    """Say how far the widest socket of a server reaches."""
    if server.isolated and server.listeners:
        return ISOLATED
    scopes = [one.scope.value for one in server.listeners]
    return max(scopes, key=EXPOSURES.index, default=NOWHERE)


def _approved(report: ScanReport, asset: str) -> str:
    approval = report.approvals.get(asset)
    return APPROVED[approval.state if approval else ApprovalState.NO_INVENTORY]


def _findings(report: ScanReport, told: _Told) -> None:
    all_of_them: Counter[Key] = Counter({(level.word, state.value): 0 for level in Severity for state in FindingState})
    all_of_them.update((one.severity.word, one.state.value) for one in report.findings)
    told.many(c.FINDINGS, all_of_them.items())
    still_open = (one for one in report.findings if one.state is FindingState.OPEN)
    told.many(c.FINDINGS_OPEN, Counter((one.rule, one.severity.word) for one in still_open).items())
    told.one(c.SUPPRESSED, report.suppressed)


def self_families(own: SelfReport, vocabulary: Vocabulary) -> Families:
    """Return what the agent says of itself."""
    told = _Told(vocabulary)
    told.many(c.COLLECTOR_SUCCESS, (((one.name,), float(one.ok)) for one in own.collectors), min)
    told.many(c.COLLECTOR_DURATION, (((one.name,), one.seconds) for one in own.collectors))
    told.many(c.SCANS, _keyed(own.scans))
    told.histogram(c.SCAN_DURATION, own.durations)
    told.many(c.WATCHER_UP, (((one.name,), float(one.up)) for one in own.watchers), min)
    told.many(c.WATCHER_EVENTS, (((one.name,), one.events) for one in own.watchers))
    told.many(c.WATCHER_LOSSES, (((one.name,), one.losses) for one in own.watchers))
    told.many(c.HINTS, _keyed(own.hints))
    if own.hints_pending is not None:
        told.one(c.HINTS_PENDING, own.hints_pending)
        told.one(c.HINTS_DROPPED, own.hints_dropped)
    told.many(c.EVENTS, own.events.items())
    told.many(c.EVENTS_DROPPED, own.dropped.items())
    told.many(c.OUTPUT_EVENTS, (pair for one in own.outputs for pair in _results(one)))
    told.many(c.PENDING, (((one.name,), one.pending) for one in own.outputs), max)
    told.many(c.OLDEST, (((one.name,), one.oldest) for one in own.outputs if one.oldest is not None), min)
    told.many(c.THROTTLED, _keyed(own.throttled))
    told.many(c.REQUESTS, (((str(code),), count) for code, count in own.requests.items()))
    _state(own, told)
    return (build_family(own.version, own.python, own.revision), *told.families)


def _results(output: OutputNumbers) -> Iterator[tuple[Key, float]]:
    yield (output.name, "acked"), output.acked
    yield (output.name, "retried"), output.retried
    yield (output.name, "dropped"), output.dropped
    yield (output.name, "dead"), output.dead


def _state(own: SelfReport, told: _Told) -> None:
    if own.ledger is not None:
        told.one(c.LEDGER_BYTES, own.ledger.size)
        told.one(c.LEDGER_LIMIT, own.ledger.limit)
        told.one(c.LEDGER_DEGRADED, own.ledger.degraded)
    if own.config is not None:
        told.one(c.CONFIG_GENERATION, own.config.generation)
        told.one(c.CONFIG_OK, own.config.ok)
        told.one(c.CONFIG_TIME, own.config.loaded_at)
    if own.process is not None:
        told.one(c.STARTED, own.process.started_at)
        told.one(c.CPU, own.process.cpu_seconds)
        told.one(c.RESIDENT, own.process.resident)
        told.one(c.OPEN_FILES, own.process.open_files)
        told.one(c.THREADS, own.process.threads)


def _keyed(counts: Mapping[str, float]) -> Iterator[tuple[Key, float]]:
    return (((str(name),), count) for name, count in counts.items())


class _Told:
    """Families in the making, every one within its limit; a metric without series is left out."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.families: list[Metric] = []
        self._vocabulary = vocabulary

    def one(self, spec: Spec, value: float) -> None:
        self._add(spec, {(): value})

    def many(self, spec: Spec, series: Iterable[tuple[Key, float]], merge: Merge = sum) -> None:
        self._add(spec, bounded(series, spec.labels, spec.limit, self._vocabulary, merge, largest=not spec.own))

    def _add(self, spec: Spec, series: Mapping[Key, float]) -> None:
        if not series:
            return
        kind = CounterMetricFamily if spec.kind == "counter" else GaugeMetricFamily
        family = kind(spec.name, spec.help, labels=spec.labels)
        for key, value in series.items():
            family.add_metric(key, float(value))
        self.families.append(family)

    def histogram(self, spec: Spec, series: Mapping[str, Durations]) -> None:
        if not series:
            return
        known = self._vocabulary.allowed(spec.labels[0])
        family = HistogramMetricFamily(spec.name, spec.help, labels=spec.labels)
        for phase in sorted(known & set(series)):
            family.add_metric([phase], buckets=series[phase].cumulative(), sum_value=series[phase].seconds)
        self.families.append(family)
