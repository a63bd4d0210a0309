"""A scan as plain data: what every machine format prints (report/schema/scan-1.json, docs/output.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from aiguard_agent.core.assets import Evidence, ModelFile, ModelRef, Server
from aiguard_agent.core.facts import Blind, Container, Listener
from aiguard_agent.core.finding import Approval, ApprovalState, Finding, FindingState, Severity
from aiguard_agent.core.report import ScanReport
from aiguard_agent.report.clean import clean

SCHEMA_VERSION = "1.0"
"""Minor = keys were added, major = keys were removed or mean something else."""

Json = dict[str, Any]


def document(report: ScanReport) -> Json:
    """Return the whole scan; every text in it is valid Unicode."""
    estate = report.estate
    whole: Json = {
        "schema_version": SCHEMA_VERSION,
        "agent": {"name": "aiguard-agent", "version": report.agent_version},
        "host": {
            "hostname": estate.hostname,
            "kernel": report.kernel,
            "boot_id": report.boot_id,
            "rootless": estate.rootless,
        },
        "taken_at": rfc3339(estate.taken_at),
        "duration_ms": report.duration_ms,
        "servers": [_server(server, approval_of(report, server.id)) for server in estate.servers],
        "models": [_model(model, approval_of(report, model.id)) for model in estate.models],
        "findings": [finding_document(finding) for finding in report.findings],
        "blind": [_blind(blind) for blind in estate.blind],
        "summary": _summary(report),
    }
    return {key: _cleaned(value) for key, value in whole.items()}


def approval_of(report: ScanReport, asset: str) -> Approval:
    """Return what the inventory says of an asset; an asset it was not compared with is not in it."""
    unknown = ApprovalState.SHADOW if report.inventory else ApprovalState.NO_INVENTORY
    return report.approvals.get(asset) or Approval(state=unknown)


def rfc3339(seconds: float) -> str:
    """Return a time as `2026-11-25T13:07:54.250Z`."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _cleaned(value: object) -> object:
    match value:
        case str():
            return clean(value)
        case dict():
            return {clean(key): _cleaned(item) for key, item in value.items()}
        case list() | tuple():
            return [_cleaned(item) for item in value]
        case _:
            return value


def _server(server: Server, approval: Approval) -> Json:
    return {
        "id": server.id,
        "product": server.product,
        "name": server.name,
        "category": server.category,
        "version": server.version,
        "versions": [{"value": c.value, "source": c.source, "where": c.where} for c in server.versions],
        "pid": server.process.pid,
        "user": server.process.user,
        "unit": server.process.unit,
        "container": _container(server.container),
        "listeners": [_listener(listener) for listener in server.listeners],
        "isolated": server.isolated,
        "auth": {
            "state": server.auth.state.value,
            "open_routes": server.auth.open_routes,
            "evidence": _evidence(server.auth.evidence),
        },
        "models": [_model_ref(reference) for reference in server.models],
        "emulates": server.emulates,
        "children": server.children,
        "front_of": server.front_of,
        "remote_models": server.remote_models,
        "conflicts": _evidence(server.conflicts),
        "approval": _approval(approval),
        "confidence": server.confidence.word,
        "evidence": _evidence(server.evidence),
    }


def _model(model: ModelFile, approval: Approval) -> Json:
    return {
        "id": model.id,
        "path": model.path,
        "format": model.format,
        "size": model.size,
        "name": model.name,
        "architecture": model.architecture,
        "parameters": model.parameters,
        "quantization": model.quantization,
        "context_length": model.context_length,
        "license": model.license,
        "base_model": model.base_model,
        "author": model.author,
        "source": model.source,
        "sha256": model.sha256,
        "digest_claimed": model.digest_claimed,
        "fingerprint": model.fingerprint,
        "held_by": model.held_by,
        "files": model.files,
        "aliases": model.aliases,
        "store": model.store,
        "user": model.user,
        "runs_code": model.runs_code,
        "world_writable": model.world_writable,
        "directory_world_writable": model.directory_world_writable,
        "complete": model.complete,
        "approval": _approval(approval),
        "evidence": _evidence(model.evidence),
    }


def finding_document(finding: Finding) -> Json:
    """Return one finding as JSON output has it."""
    return {
        "id": finding.rule,
        "key": finding.key,
        "severity": finding.severity.word,
        "confidence": finding.confidence.word,
        "subject": finding.subject,
        "title": finding.title,
        "evidence": _evidence(finding.evidence),
        "remedy": finding.remedy,
        "atlas": finding.atlas,
        "owasp": finding.owasp,
        "state": finding.state.value,
        "waiver": finding.waiver,
    }


def _blind(blind: Blind) -> Json:
    return {
        "collector": blind.collector,
        "subject": blind.subject,
        "reason": blind.reason,
        "kind": blind.kind.value,
        "count": blind.count,
    }


def _summary(report: ScanReport) -> Json:
    estate = report.estate
    servers = [approval_of(report, server.id).state for server in estate.servers]
    models = [approval_of(report, model.id).state for model in estate.models]
    found = [finding.severity for finding in report.findings if finding.state is FindingState.OPEN]
    return {
        "findings": {severity.word: found.count(severity) for severity in sorted(Severity, reverse=True)},
        "waived": len(report.findings) - len(found),
        "suppressed": report.suppressed,
        "servers": len(servers),
        "shadow_servers": servers.count(ApprovalState.SHADOW),
        "drifted_servers": servers.count(ApprovalState.DRIFTED),
        "models": len(models),
        "shadow_models": models.count(ApprovalState.SHADOW),
        "drifted_models": models.count(ApprovalState.DRIFTED),
        "processes": estate.processes,
        "listeners": estate.listeners,
        "namespaces": estate.namespaces,
        "files": estate.files,
        "gpus": len(estate.gpus),
        "blind": sum(blind.count for blind in estate.blind),
        "stores": estate.stores,
        "probed": estate.probed,
        "inventory": report.inventory,
        "notes": _notes(report.notes),
    }


def _notes(notes: Mapping[str, str]) -> list[Json]:
    return [{"topic": topic, "text": text} for topic, text in sorted(notes.items())]


def _container(container: Container | None) -> Json | None:
    if container is None:
        return None
    return {
        "id": container.id,
        "name": container.name,
        "image": container.image,
        "image_id": container.image_id,
        "runtime": container.runtime,
        "pod_uid": container.pod_uid,
        "pod_name": container.pod_name,
        "pod_namespace": container.namespace,
    }


def _listener(listener: Listener) -> Json:
    return {
        "address": listener.address,
        "port": listener.port,
        "scope": listener.scope.value,
        "family": listener.family,
    }


def _model_ref(reference: ModelRef) -> Json:
    return {
        "id": reference.model_id,
        "name": reference.name,
        "path": reference.path,
        "via": reference.via,
        "digest": reference.digest,
    }


def _approval(approval: Approval) -> Json:
    return {"state": approval.state.value, "clause": approval.clause, "deviations": approval.deviations}


def _evidence(evidence: Iterable[Evidence]) -> list[Json]:
    return [{"what": piece.what, "where": piece.where, "kind": piece.kind} for piece in evidence]
