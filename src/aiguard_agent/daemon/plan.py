"""From a configuration to the settings of each room; pure but for the files that a configuration names."""

from __future__ import annotations

import grp
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from aiguard_agent.agent import Log, ScanOptions, all_signatures
from aiguard_agent.config import disk
from aiguard_agent.config.schema import Config
from aiguard_agent.cycle import Plan
from aiguard_agent.errors import UsageError
from aiguard_agent.identify.index import Index
from aiguard_agent.inventory.load import load as load_inventory
from aiguard_agent.ledger.limits import Limits
from aiguard_agent.metrics.access import Access
from aiguard_agent.metrics.serve import Settings as MetricsSettings
from aiguard_agent.probe.policy import Budget
from aiguard_agent.watch.watcher import Settings as WatchSettings


def plan_of(
    config: Config, *, log: Log, pace: Callable[[int], None], questions: Callable[[int], int], root: str = "/"
) -> Plan:
    """Return how to look; raises DocumentError when the inventory or a signature is wrong."""
    scan, probe, findings = config.scan, config.probe, config.findings
    inventory = str(scan.inventory) if scan.inventory and Path(str(scan.inventory)).is_file() else ""
    options = ScanOptions(
        root=root,
        inventory=inventory,
        signatures=tuple(str(folder) for folder in scan.signatures),
        probe=probe.enabled,
        budget=Budget(
            total_seconds=float(probe.total_timeout),
            request_seconds=float(probe.request_timeout),
            allow_posts=probe.allow_posts,
        ),
        paths=tuple(str(path) for path in scan.paths),
        stores=scan.stores,
        remote=scan.remote,
        hash_limit=int(scan.hash_limit),
        min_severity=findings.min_severity,
        min_confidence=findings.min_confidence,
        disabled_rules=frozenset(str(rule) for rule in findings.disabled_rules),
        remap=tuple((str(rule), severity) for rule, severity in findings.remap),
        pace=pace,
        questions=questions,
        log=log,
    )
    return Plan(
        options=options,
        index=Index(all_signatures(options.signatures)),
        inventory=load_inventory(Path(inventory)) if inventory else None,
        ask_again=float(probe.interval),
    )


def watch_settings(config: Config, may_be_model: Callable[[str], bool], stores: tuple[str, ...]) -> WatchSettings:
    """Return how to watch."""
    wishes = {name: getattr(config.watch.sources, name) for name in config.watch.sources.__struct_fields__}
    return WatchSettings(
        wanted={name: wish == "on" for name, wish in wishes.items() if wish != "auto"},
        stores=stores,
        may_be_model=may_be_model,
        interval=float(config.watch.listen_interval),
        canary_every=float(config.watch.canary_interval),
    )


def ledger_limits(config: Config) -> Limits:
    """Return how large the ledger may grow."""
    ledger = config.ledger
    return Limits(
        max_bytes=int(ledger.size_cap),
        keep_free_bytes=int(ledger.keep_free),
        keep_free_share=float(ledger.keep_free_percent) / 100,
        reserve_bytes=int(ledger.reserve),
        flap_seconds=float(config.findings.flapping_window),
    )


def metrics_settings(config: Config, environ: Mapping[str, str] = os.environ) -> MetricsSettings | None:
    """Return where metrics are served, None = nowhere; raises Unfit for a secret that cannot be read."""
    metrics = config.metrics
    if metrics.listen is None and metrics.unix_socket is None:
        return None
    access = Access(
        user=str(metrics.basic_auth_user or ""),
        password=disk.read_secret(metrics.basic_auth_password, environ) if metrics.basic_auth_password else "",
        token=disk.read_secret(metrics.bearer_token, environ) if metrics.bearer_token else "",
    )
    return MetricsSettings(
        host=metrics.listen.host if metrics.listen else "",
        port=metrics.listen.port if metrics.listen else 0,
        unix=str(metrics.unix_socket or ""),
        group=group_id(str(metrics.unix_group)) if metrics.unix_group else None,
        certificate=str(metrics.tls_cert_file or ""),
        key=str(disk.locate(metrics.tls_key, environ)) if metrics.tls_key else "",
        client_ca=str(metrics.client_ca_file or ""),
        access=access,
    )


def group_id(name: str) -> int:
    """Return the id of a group; raises UsageError when there is none of that name."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError as error:
        raise UsageError(f"no group {name!r} on this host; make it with: groupadd --system {name}") from error
