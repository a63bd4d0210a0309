"""Values to tell: a host with all that can be wrong, a crowded one, an agent with all its parts."""

from __future__ import annotations

from itertools import cycle, islice, product

from aiguard_agent.agent import all_rules
from aiguard_agent.collect.run import all_collectors
from aiguard_agent.core.assets import Auth, AuthState, Estate, ModelFile, Server
from aiguard_agent.core.event import Lane
from aiguard_agent.core.facts import Blind, BlindKind, CollectorRun, Gpu, Listener, Process, Scope
from aiguard_agent.core.finding import Approval, ApprovalState, Confidence, Finding, FindingState, Severity
from aiguard_agent.core.hint import HintKind
from aiguard_agent.core.report import ScanReport
from aiguard_agent.identify.models import model_formats
from aiguard_agent.metrics.labels import FIXED, LOOKERS, Vocabulary
from aiguard_agent.metrics.selfreport import (
    ConfigNumbers,
    Durations,
    LedgerNumbers,
    OutputNumbers,
    ProcessNumbers,
    SelfReport,
    WatcherNumbers,
)
from aiguard_agent.signatures.load import bundled

NOW = 1_795_000_000.0
COLLECTORS = tuple(one.name for one in all_collectors())
VOCABULARY = Vocabulary(
    engine=frozenset(one.id for one in bundled()),
    format=frozenset(one.name for one in model_formats()),
    rule=frozenset(one.id for one in all_rules()),
    collector=frozenset(COLLECTORS),
    watcher=frozenset({"proc_connector", "listen_diff", "tracefs"}),
    output=frozenset({"siem", "file"}),
)


def server(
    number: int,
    product_id: str,
    scope: Scope | None = Scope.LOOPBACK,
    auth: AuthState = AuthState.NONE,
    *,
    isolated: bool = False,
) -> Server:
    listeners = () if scope is None else (Listener(family="tcp4", address="127.0.0.1", port=number, scope=scope),)
    return Server(
        id=f"{product_id}@host:{number}",
        product=product_id,
        name=product_id,
        category="llm-server",
        process=Process(pid=number, start_ticks=number, started=NOW),
        listeners=listeners,
        auth=Auth(state=auth),
        isolated=isolated,
    )


def model(number: int, fmt: str = "gguf") -> ModelFile:
    return ModelFile(id=f"model-{number}", path=f"/m/{number}", format=fmt, size=1000)


def finding(rule: str, severity: Severity, number: int = 1, state: FindingState = FindingState.OPEN) -> Finding:
    return Finding(
        rule=rule, subject=f"s{number}", title="t", severity=severity, confidence=Confidence.HIGH, state=state
    )


def report(servers: tuple[Server, ...] = (), models: tuple[ModelFile, ...] = (), **more: object) -> ScanReport:
    estate = Estate(taken_at=NOW, hostname="host", servers=servers, models=models, **more.pop("estate", {}))
    return ScanReport(agent_version="1.2.3", estate=estate, duration_ms=1500, **more)


def ordinary() -> ScanReport:
    """Return a host with two servers, one of which nobody approved and everybody can use."""
    shadow, known = server(11434, "ollama", Scope.ANY), server(8000, "vllm", auth=AuthState.REQUIRED)
    return report(
        (shadow, known),
        (model(1),),
        approvals={
            shadow.id: Approval(state=ApprovalState.SHADOW),
            known.id: Approval(state=ApprovalState.APPROVED),
            "model-1": Approval(state=ApprovalState.SHADOW),
        },
        findings=(
            finding("shadow-server", Severity.HIGH),
            finding("exposed-no-auth", Severity.CRITICAL),
            finding("runs-as-root", Severity.LOW, state=FindingState.WAIVED),
        ),
        estate={
            "blind": (Blind(collector="processes", subject="pid 1", reason="denied", kind=BlindKind.DENIED, count=3),),
            "gpus": (Gpu(index=0, vendor="nvidia"),),
            "processes": 200,
            "listeners": 20,
            "namespaces": 3,
        },
    )


def crowded(number: int = 5000) -> ScanReport:
    """Return a host with everything there is, in every combination, and with words that nobody knows."""
    products = [*sorted(VOCABULARY.engine), *(f"unheard-{count}" for count in range(500))]
    many = cycle(product(products, [*Scope, None], AuthState))
    servers = tuple(
        server(count, name, scope, auth, isolated=count % 3 == 0)
        for count, (name, scope, auth) in enumerate(islice(many, number))
    )
    formats = cycle([*sorted(VOCABULARY.format), "made-up\n"])
    models = tuple(model(count, fmt) for count, fmt in enumerate(islice(formats, number)))
    states = cycle(ApprovalState)
    approvals = {one.id: Approval(state=next(states)) for one in (*servers, *models)}
    rules = [*sorted(VOCABULARY.rule), *(f"r{count}" for count in range(200))]
    findings = tuple(
        finding(rule, severity, state=state) for rule, severity, state in product(rules, Severity, FindingState)
    )
    blind = tuple(
        Blind(collector=name, subject="x", reason="x", kind=kind)
        for name, kind in product([*COLLECTORS, *LOOKERS, "", "/etc/passwd"], BlindKind)
    )
    gpus = tuple(Gpu(index=count, vendor=vendor) for count, vendor in enumerate(["nvidia", "amd", "intel", "x", "y"]))
    return report(servers, models, approvals=approvals, findings=findings, estate={"blind": blind, "gpus": gpus})


def agent(names: int = 0) -> SelfReport:
    """Return an agent with all its parts; with `names`, with so many of each that nobody knows."""
    more = tuple(f"n{count}" for count in range(names))
    durations = Durations().observe(0.3).observe(2.0)
    return SelfReport(
        version="1.2.3",
        python="3.11.7",
        revision="abc",
        collectors=tuple(CollectorRun(name=name, seconds=0.2, ok=True) for name in (*COLLECTORS, *more)),
        scans=dict.fromkeys((*FIXED["trigger"], *more), 1),
        durations=dict.fromkeys((*FIXED["phase"], *more), durations),
        watchers=tuple(WatcherNumbers(name=name, up=True) for name in (*sorted(VOCABULARY.watcher), *more)),
        hints=dict.fromkeys((*HintKind, *more), 2),
        hints_pending=0,
        events=dict.fromkeys(product((*FIXED["class"], *more), FIXED["severity"]), 4),
        dropped=dict.fromkeys(product((*Lane, *more), FIXED["reason"]), 0),
        outputs=tuple(OutputNumbers(name=name, acked=5, oldest=NOW - 5) for name in ("siem", "file", *more)),
        throttled=dict.fromkeys(FIXED["budget"], 0.5),
        requests={200: 3, 401: 1, **{600 + count: 1 for count in range(names)}},
        ledger=LedgerNumbers(size=1 << 20, limit=512 << 20),
        config=ConfigNumbers(generation=2, ok=True, loaded_at=NOW - 60),
        process=ProcessNumbers(started_at=NOW - 100, cpu_seconds=1.5, resident=50 << 20, open_files=20, threads=5),
    )
