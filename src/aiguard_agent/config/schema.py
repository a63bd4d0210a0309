"""The configuration as frozen structs: every key with its type, default and meaning beside it.

A key is here only when something reads it; `by` names what does. docs/configuration.md, the example file and the JSON
Schema are made from this. `None` is written `off`. `config.keys` walks it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import Struct

from aiguard_agent.config.values import (
    AbsolutePath,
    Address,
    Bytes,
    ExistingDirectory,
    ExistingFile,
    Name,
    Percent,
    RuleId,
    Seconds,
    Secret,
    SecretFile,
)
from aiguard_agent.core.assets import Confidence
from aiguard_agent.core.finding import Severity

MINUTE, HOUR, DAY = 60, 3600, 86400
KIB, MIB, GIB, TIB = 1 << 10, 1 << 20, 1 << 30, 1 << 40
METRICS_PORT = 26442
"""Outside 9100-9999, which Prometheus' own list of exporter ports has given away to the last number, and below the
ports that Kubernetes (30000) and the kernel (32768) hand out by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doc:
    """What stands beside a key."""

    does: str
    """One or two sentences for an operator."""
    by: str
    """What reads it."""
    low: float | None = None
    high: float | None = None
    """Bounds of a number, both allowed."""
    restart: bool = False
    """True when a reload cannot change it."""


class Scan(Struct, frozen=True, kw_only=True):
    """What one look at the host covers, and what it is compared with."""

    paths: Annotated[
        tuple[AbsolutePath, ...],
        Doc(does="Further directories in which models are looked for.", by="agent.ScanOptions.paths"),
    ] = ()
    stores: Annotated[
        bool, Doc(does="Walk the usual model stores too (docs/places.md).", by="agent.ScanOptions.stores")
    ] = True
    remote: Annotated[
        bool, Doc(does="Walk NFS, CIFS and other remote file systems too.", by="agent.ScanOptions.remote")
    ] = False
    hash_limit: Annotated[
        Bytes,
        Doc(
            does="Model files up to this size get a SHA-256 without being asked for. Larger ones cost reading all of"
            " them, within `budget.read_rate`.",
            by="agent.ScanOptions.hash_limit",
            low=0,
            high=16 * TIB,
        ),
    ] = Bytes(MIB)
    inventory: Annotated[
        ExistingFile | None,
        Doc(
            does="The approved inventory (docs/inventory.md). The default is read if it is there. `off`: none.",
            by="agent.ScanOptions.inventory",
        ),
    ] = ExistingFile("/etc/aiguard-agent/inventory.yaml")
    signatures: Annotated[
        tuple[ExistingDirectory, ...],
        Doc(
            does="Directories of further signatures. The same id replaces ours, a later directory an earlier one.",
            by="agent.ScanOptions.signatures",
        ),
    ] = ()


class Probe(Struct, frozen=True, kw_only=True):
    """What servers are asked, and at what cost (docs/probe-policy.md)."""

    enabled: Annotated[
        bool, Doc(does="Ask servers anything at all. `false`: processes and files alone.", by="agent.ScanOptions.probe")
    ] = True
    total_timeout: Annotated[
        Seconds,
        Doc(does="Time for all questions of one look together.", by="probe.policy.Budget", low=0.1, high=600),
    ] = Seconds(10)
    request_timeout: Annotated[
        Seconds,
        Doc(
            does="Time for one question: connecting, TLS, sending and reading.",
            by="probe.policy.Budget",
            low=0.05,
            high=60,
        ),
    ] = Seconds(2)
    allow_posts: Annotated[bool, Doc(does="Send the marked read-only POSTs too.", by="probe.policy.Budget")] = False
    interval: Annotated[
        Seconds,
        Doc(
            does="A server that has answered is not asked again before this time has passed, unless it changed.",
            by="agent, between two looks",
            low=10,
            high=7 * DAY,
        ),
    ] = Seconds(15 * MINUTE)


Wish = Literal["auto", "on", "off"]


def _source(does: str) -> Any:
    return Doc(does=does, by="watch.Settings.wanted")


class Sources(Struct, frozen=True, kw_only=True):
    """Live sources. `auto`: where the kernel and our rights allow it; `on`: say so loudly where they do not; `off`."""

    proc_connector: Annotated[Wish, _source("Started and ended processes, from the kernel's process connector.")] = (
        "auto"
    )
    listen_diff: Annotated[Wish, _source("New and closed listening sockets, by asking the kernel for all of them.")] = (
        "auto"
    )
    tracefs: Annotated[Wish, _source("The moment of listen(), from a tracing instance of our own.")] = "auto"
    fanotify_files: Annotated[Wish, _source("Written, moved and created files in model stores, from fanotify.")] = (
        "auto"
    )
    watchdog_files: Annotated[
        Wish, _source("The same by inotify, where fanotify is not permitted. `auto`: only then.")
    ] = "auto"


class Watch(Struct, frozen=True, kw_only=True):
    """How soon a change is noticed. Sources only give hints; the reconcile is what finds."""

    listen_interval: Annotated[
        Seconds,
        Doc(
            does="Pause between two comparisons of the listening sockets.",
            by="watch.Settings.interval",
            low=0.05,
            high=60,
        ),
    ] = Seconds(0.25)
    reconcile_interval: Annotated[
        Seconds,
        Doc(does="Time after which the host is looked at again without any hint.", by="daemon", low=5, high=HOUR),
    ] = Seconds(60)
    full_reconcile_interval: Annotated[
        Seconds,
        Doc(
            does="Time after which everything is looked at again, whatever was remembered: stores walked, processes"
            " read anew.",
            by="daemon",
            low=MINUTE,
            high=7 * DAY,
        ),
    ] = Seconds(HOUR)
    canary_interval: Annotated[
        Seconds,
        Doc(
            does="Time after which every source must prove itself again: a program run, a port opened. `0s`: at start"
            " only.",
            by="watch.Settings.canary_every",
            low=0,
            high=DAY,
        ),
    ] = Seconds(5 * MINUTE)
    sources: Sources = Sources()


class Budget(Struct, frozen=True, kw_only=True):
    """What the agent may cost the host. It slows down before it goes over, and says that it did."""

    cpu: Annotated[
        Percent, Doc(does="Share of one core, averaged over a minute.", by="daemon, self-limits", low=0.5, high=100)
    ] = Percent(10)
    memory_max: Annotated[
        Bytes,
        Doc(
            does="Resident memory; beyond it caches are dropped, then the agent restarts itself in order.",
            by="daemon, self-limits",
            low=64 * MIB,
            high=64 * GIB,
        ),
    ] = Bytes(256 * MIB)
    read_rate: Annotated[
        Bytes,
        Doc(
            does="Bytes per second read from files, headers and digests together.",
            by="agent, token bucket",
            low=64 * KIB,
            high=TIB,
        ),
    ] = Bytes(32 * MIB)
    probes_per_minute: Annotated[
        int, Doc(does="Questions to servers per minute.", by="agent, token bucket", low=1, high=100_000)
    ] = 300


class Ledger(Struct, frozen=True, kw_only=True):
    """Where the agent keeps what it knows, and how much room that may take."""

    directory: Annotated[
        AbsolutePath, Doc(does="State directory, for the agent alone.", by="ledger.store.open_ledger", restart=True)
    ] = AbsolutePath("/var/lib/aiguard-agent")
    size_cap: Annotated[
        Bytes,
        Doc(
            does="Largest size of the database. At the cap the least important events go first; critical ones stay.",
            by="ledger.limits.Limits.max_bytes",
            low=16 * MIB,
            high=TIB,
        ),
    ] = Bytes(512 * MIB)
    keep_free: Annotated[
        Bytes,
        Doc(
            does="Space on the file system left to others; the larger of this and `keep_free_percent` counts.",
            by="ledger.limits.Limits.keep_free_bytes",
            low=0,
            high=TIB,
        ),
    ] = Bytes(GIB)
    keep_free_percent: Annotated[
        Percent,
        Doc(does="The same as a share of the file system.", by="ledger.limits.Limits.keep_free_share", low=0, high=90),
    ] = Percent(5)
    reserve: Annotated[
        Bytes,
        Doc(
            does="Space held back by a file, to climb out of a full disk.",
            by="ledger.limits.Limits.reserve_bytes",
            low=MIB,
            high=GIB,
        ),
    ] = Bytes(4 * MIB)


class Metrics(Struct, frozen=True, kw_only=True):
    """The Prometheus target, in any of three ways."""

    listen: Annotated[
        Address | None, Doc(does="Address of the scrape target. `off`: none.", by="metrics.serve.Settings")
    ] = Address("127.0.0.1", METRICS_PORT)
    unix_socket: Annotated[
        AbsolutePath | None,
        Doc(does="Unix socket that answers the same, without TLS and credentials.", by="metrics.serve.Settings"),
    ] = None
    unix_group: Annotated[
        Name | None, Doc(does="Group that may use that socket beside the agent's own.", by="metrics.serve.Settings")
    ] = None
    textfile: Annotated[
        AbsolutePath | None,
        Doc(
            does="File for node_exporter's textfile collector, renewed after each look; ends in `.prom`.", by="metrics"
        ),
    ] = None
    tls_cert_file: Annotated[
        ExistingFile | None, Doc(does="Certificate (PEM, with its chain) of the target.", by="metrics.serve.Settings")
    ] = None
    tls_key: Annotated[
        SecretFile | None, Doc(does="Private key (PEM) of that certificate.", by="metrics.serve.Settings")
    ] = None
    client_ca_file: Annotated[
        ExistingFile | None,
        Doc(
            does="CA certificates (PEM). With them a scraper must show a certificate that one of them signed.",
            by="metrics.serve.Settings",
        ),
    ] = None
    basic_auth_user: Annotated[Name | None, Doc(does="User that a scraper must name.", by="metrics.access.Access")] = (
        None
    )
    basic_auth_password: Annotated[Secret | None, Doc(does="That user's password.", by="metrics.access.Access")] = None
    bearer_token: Annotated[
        Secret | None,
        Doc(does="Token that a scraper may send instead (`Authorization: Bearer`).", by="metrics.access.Access"),
    ] = None


class Log(Struct, frozen=True, kw_only=True):
    """The agent's own log, to stderr and so to the journal."""

    format: Annotated[
        Literal["json", "console"], Doc(does="One JSON object a line, or words for people.", by="daemon, logging")
    ] = "json"
    level: Annotated[
        Literal["debug", "info", "warning", "error"], Doc(does="Least level that is written.", by="daemon, logging")
    ] = "info"
    rate_limit: Annotated[
        int,
        Doc(
            does="Lines per minute of one event; the rest is counted in one line. 0: no limit.",
            by="daemon, logging",
            low=0,
            high=1_000_000,
        ),
    ] = 300


class Status(Struct, frozen=True, kw_only=True):
    """The local door for `status`, `findings` and `events`."""

    socket: Annotated[
        AbsolutePath | None, Doc(does="Unix socket. `off`: nobody can ask the running agent.", by="daemon, status")
    ] = AbsolutePath("/run/aiguard-agent/status.sock")
    group: Annotated[
        Name | None, Doc(does="Group that may ask beside root and the agent's own user.", by="daemon, status")
    ] = None


class Findings(Struct, frozen=True, kw_only=True):
    """What becomes a finding."""

    min_severity: Annotated[
        Severity, Doc(does="Less severe findings are counted, not reported.", by="agent.ScanOptions.min_severity")
    ] = Severity.INFO
    min_confidence: Annotated[
        Confidence, Doc(does="Less certain findings are counted, not reported.", by="agent.ScanOptions.min_confidence")
    ] = Confidence.LOW
    flapping_window: Annotated[
        Seconds,
        Doc(
            does="A finding that opens or closes again within this time flaps: it is told a few times, then once as"
            " flapping, then not before it has settled. `0s`: every turn is told.",
            by="ledger.limits.Limits.flap_seconds",
            low=0,
            high=DAY,
        ),
    ] = Seconds(10 * MINUTE)
    remap: Annotated[
        tuple[tuple[RuleId, Severity], ...],
        Doc(does="Another severity for the findings of a rule: `runs-as-root: low`.", by="policy.decide"),
    ] = ()
    disabled_rules: Annotated[
        tuple[RuleId, ...], Doc(does="Rules that do not run (docs/rules.md).", by="agent.enabled_rules")
    ] = ()


class Config(Struct, frozen=True, kw_only=True):
    """All of it, as it holds now."""

    scan: Scan = Scan()
    probe: Probe = Probe()
    watch: Watch = Watch()
    budget: Budget = Budget()
    ledger: Ledger = Ledger()
    metrics: Metrics = Metrics()
    log: Log = Log()
    status: Status = Status()
    findings: Findings = Findings()
