"""Explain one thing: everything that was seen of it, where, and what follows; pure, for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from aiguard_agent.core.assets import Evidence, ModelFile, Server
from aiguard_agent.core.facts import Process
from aiguard_agent.core.finding import ApprovalState, Finding
from aiguard_agent.core.report import ScanReport
from aiguard_agent.report.document import approval_of
from aiguard_agent.report.layout import hanging, paint, tidy
from aiguard_agent.report.renderer import Style
from aiguard_agent.report.words import access, kind, owner, product, size, where

_LABEL = 14
_KEY = re.compile(r"[0-9a-f]{4,16}")
"""The beginning of a finding's key, as the text output shows it."""
_PID_DIGITS = 7
"""The kernel's highest pid has that many."""

_APPROVAL = {
    ApprovalState.SHADOW: "shadow: no entry of the inventory names it",
    ApprovalState.NO_INVENTORY: "no inventory to compare with",
}


def subjects(report: ScanReport, wanted: str) -> tuple[tuple[Server, ...], tuple[ModelFile, ...], tuple[Finding, ...]]:
    """Return what `wanted` means: a pid, port, address, path, name, id, product, rule, or the beginning of a key."""
    servers = tuple(server for server in report.estate.servers if _means_server(server, wanted))
    models = tuple(model for model in report.estate.models if _means_model(model, wanted))
    ids = {server.id for server in servers} | {model.id for model in models}
    findings = tuple(f for f in report.findings if _means_finding(f, wanted) or f.subject in ids)
    if not ids and findings:
        subjects_of = {finding.subject for finding in findings}
        servers = tuple(server for server in report.estate.servers if server.id in subjects_of)
        models = tuple(model for model in report.estate.models if model.id in subjects_of)
    return servers, models, findings


def explain(report: ScanReport, wanted: str, style: Style) -> str:
    """Return the evidence chain of whatever `wanted` means; "" when it means nothing here."""
    servers, models, findings = subjects(report, wanted)
    blocks = [*(_server(report, server, style) for server in servers)]
    blocks += [_model(report, model, style) for model in models]
    blocks += [finding_lines(finding, style) for finding in findings]
    return "\n".join("".join(f"{line.rstrip()}\n" for line in block) for block in blocks)


def _means_server(server: Server, wanted: str) -> bool:
    pids = {str(server.process.pid), *map(str, server.children)}
    sockets = {words for listener in server.listeners for words in (where(listener), f":{listener.port}")}
    return wanted in {server.id, *pids, *sockets} or server.id.startswith(f"{wanted}@")


def _means_model(model: ModelFile, wanted: str) -> bool:
    path = wanted.rstrip("/") or wanted
    return wanted in {model.id, model.name} or path in {model.path, *model.files, *model.aliases}


def _means_finding(finding: Finding, wanted: str) -> bool:
    may_be_key = _KEY.fullmatch(wanted) is not None and (len(wanted) > _PID_DIGITS or not wanted.isdecimal())
    return (may_be_key and finding.key.startswith(wanted)) or wanted in {finding.key, finding.rule, finding.subject}


def _server(report: ScanReport, server: Server, style: Style) -> Iterator[str]:
    yield paint(tidy(f"server {server.id}"), "bold", on=style.color)
    yield from _row("is", f"{product(server)} ({server.name}, {server.category})", style)
    yield from _row("sure", f"{server.confidence.word} confidence", style)
    yield from _row("runs as", f"{owner(server)} · {_command(server.process)}", style)
    if server.children:
        yield from _row("parts", f"{len(server.children)} more: pid {', '.join(map(str, server.children[:20]))}", style)
    for listener in server.listeners:
        yield from _row("listens", f"{where(listener)} · {listener.scope}", style)
    yield from _row("access", access(server, probed=report.estate.probed), style)
    yield from _evidence(server.auth.evidence, style)
    for claim in server.versions:
        yield from _row("version", f"{claim.value} · {claim.source} · {claim.where}", style)
    for model in server.models:
        yield from _row("model", " · ".join(filter(None, (model.name, model.path, f"by {model.via}"))), style)
    yield from _row("named by", f"{len(server.evidence)} pieces of evidence, strongest first", style)
    yield from _evidence(server.evidence, style)
    for conflict in server.conflicts:
        yield from _row("but", f"{conflict.what} · {conflict.where}", style)
    yield from _approval(report, server.id, style)


def _model(report: ScanReport, model: ModelFile, style: Style) -> Iterator[str]:
    yield paint(tidy(f"model {model.id}"), "bold", on=style.color)
    yield from _row("lies at", model.path, style)
    yield from _row("is", f"{model.name} · {kind(model)} · {size(model.size)}", style)
    for label, text in (
        ("architecture", model.architecture),
        ("source", model.source),
        ("licence", model.license),
        ("base model", model.base_model),
        ("author", model.author),
        ("sha256", _digest(model)),
        ("fingerprint", model.fingerprint or "none: no tensors to see"),
        ("held by", ", ".join(f"pid {pid}" for pid in model.held_by) or "nobody now"),
        ("loading it", "can run code that it brings along" if model.runs_code else ""),
        ("caution", "" if model.complete else "its header was not read to the end"),
    ):
        if text:
            yield from _row(label, text, style)
    for name in model.files[:50] if len(model.files) > 1 else ():
        yield from _row("part", name, style)
    yield from _evidence(model.evidence, style)
    yield from _approval(report, model.id, style)


def _digest(model: ModelFile) -> str:
    if not model.sha256:
        return "not computed (scan --hash)"
    claimed = " · so its store calls it, not computed (scan --hash)" if model.digest_claimed else ""
    return f"{model.sha256}{claimed}"


def finding_lines(finding: Finding, style: Style) -> Iterator[str]:
    """Yield everything about one finding, its evidence chain included."""
    yield paint(tidy(f"finding {finding.rule} ({finding.key})"), "bold", on=style.color)
    yield from _row("says", finding.title, style)
    yield from _row("grade", f"{finding.severity.word} · {finding.confidence.word} confidence · {finding.state}", style)
    if finding.waiver:
        yield from _row("waived", finding.waiver, style)
    yield from _evidence(finding.evidence, style)
    for line in finding.remedy:
        yield from _row("do", line, style)
    if finding.atlas or finding.owasp:
        yield from _row("known as", ", ".join((*finding.atlas, *finding.owasp)), style)


def _approval(report: ScanReport, asset: str, style: Style) -> Iterator[str]:
    approval = approval_of(report, asset)
    words = _APPROVAL.get(approval.state, str(approval.state))
    yield from _row("approval", " · ".join(filter(None, (words, approval.clause))), style)
    for deviation in approval.deviations:
        yield from _row("", deviation, style)


def _evidence(evidence: Iterable[Evidence], style: Style) -> Iterator[str]:
    for item in evidence:
        yield from _row("", f"- {item.what} · {item.where}", style)


def _command(process: Process) -> str:
    return " ".join(process.argv) or process.comm


def _row(label: str, text: str, style: Style) -> Iterator[str]:
    yield from hanging(f"  {label}", tidy(text), style.width, indent=_LABEL, color="dim", on=style.color)
