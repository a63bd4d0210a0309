"""What the daemon says of itself: its status, one line for systemd, a finding about its configuration. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aiguard_agent.core.assets import Confidence, Evidence
from aiguard_agent.core.event import Event
from aiguard_agent.core.finding import Finding, Severity
from aiguard_agent.core.report import ScanReport
from aiguard_agent.ledger.store import Ledger
from aiguard_agent.metrics.selfreport import SelfReport
from aiguard_agent.watch.choose import Passed
from aiguard_agent.watch.life import SourceState

BLIND_SHOWN = 50


def status_document(
    *,
    own: SelfReport,
    report: ScanReport | None,
    sources: Sequence[SourceState],
    passed: Sequence[Passed],
    ledger: Ledger | None,
    config: Mapping[str, Any],
    metrics: Sequence[str],
) -> dict[str, Any]:
    """Return the document that the status door hands out; its keys are described in docs/daemon.md."""
    estate = report.estate if report else None
    process = own.process
    return {
        "version": own.version,
        "started_at": process.started_at if process else 0.0,
        "generation": own.config.generation if own.config else 0,
        "config": dict(config),
        "sources": [
            {"name": one.name, "up": one.up, "words": one.words, "proof": str(one.proof), "lost": one.lost}
            for one in sources
        ],
        "unused_sources": [{"name": one.name, "why": one.why} for one in passed],
        "ledger": {
            "durable": bool(ledger and ledger.durable),
            "health": ledger.health if ledger else "not open",
            "notes": [note.words for note in ledger.notes] if ledger else [],
            "size": own.ledger.size if own.ledger else 0,
        },
        "looks": dict(own.scans),
        "throttled_seconds": dict(own.throttled),
        "servers": len(estate.servers) if estate else 0,
        "models": len(estate.models) if estate else 0,
        "findings": len(report.findings) if report else 0,
        "blind": [
            {"collector": one.collector, "subject": one.subject, "reason": one.reason}
            for one in (estate.blind[:BLIND_SHOWN] if estate else ())
        ],
        "taken_at": estate.taken_at if estate else 0.0,
        "process": {
            "cpu_seconds": process.cpu_seconds if process else 0.0,
            "resident": process.resident if process else 0,
            "open_files": process.open_files if process else 0,
            "threads": process.threads if process else 0,
        },
        "metrics": list(metrics),
    }


def event_words(event: Event) -> dict[str, Any]:
    """Return what the log says of an event: enough to find it in the ledger, nothing that a host wrote into it."""
    body = event.body
    finding = body.get("finding")
    about = finding if isinstance(finding, Mapping) else body
    named = {key: about[key] for key in ("rule", "subject", "severity", "id", "place") if key in about}
    return {"id": event.id, "lane": str(event.lane), "kind": body.get("kind"), "turn": body.get("turn"), "about": named}


def status_words(report: ScanReport | None, sources: Sequence[SourceState], generation: int) -> str:
    """Return one line for `systemctl status`."""
    if report is None:
        return "starting"
    estate, up = report.estate, sum(one.up for one in sources)
    seen = f"{len(estate.servers)} servers, {len(estate.models)} models, {len(report.findings)} findings"
    return f"{seen}; {up}/{len(sources)} live sources up; generation {generation}"


def refused_config(problems: Sequence[str], path: Path) -> tuple[Finding, ...]:
    """Return the finding that a new configuration is wrong and an older one still holds; none when there is none."""
    if not problems:
        return ()
    return (
        Finding(
            rule="config-refused",
            subject="config",
            title="the new configuration is wrong; the one before stays in force",
            severity=Severity.HIGH,
            confidence=Confidence.HIGH,
            evidence=tuple(Evidence(what=one, where=str(path), kind="config") for one in problems[:20]),
            remedy=(f"aiguard-agent check-config {path}",),
        ),
    )
