"""For people: what is here, who approved it, what is wrong, what to do, and what was not seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aiguard_agent.core.assets import Evidence, ModelFile, Server
from aiguard_agent.core.finding import Approval, ApprovalState, Finding, FindingState, Severity
from aiguard_agent.core.report import ScanReport
from aiguard_agent.report import findings
from aiguard_agent.report.coverage import looked_at, not_seen
from aiguard_agent.report.document import approval_of
from aiguard_agent.report.layout import Cell, Column, folded, hanging, paint, tidy, wrap
from aiguard_agent.report.renderer import Renderer, Style
from aiguard_agent.report.words import (
    APPROVAL,
    URGENCY,
    access,
    amount,
    by_store,
    kind,
    listening,
    loaded,
    owner,
    place,
    product,
    reach,
    remarks,
    size,
)

MODELS_SHOWN = 15
NARROWEST = 60
NOTHING_TO_COMPARE = "no-inventory"
"""The rule whose finding makes the note superfluous."""
NO_INVENTORY = "without an inventory nothing is called approved or shadow: aiguard-agent inventory init"
_INDENT = 10

_AUTH_COLORS = {"no authentication": "red", "anyone may register": "red", "authentication": "green"}
_SERVER_COLUMNS = (
    Column(least=8),
    Column(least=12),
    Column(least=15),
    Column(least=10),
    Column(least=10),
    Column(least=8),
)
_MODEL_COLUMNS = (
    Column(least=8),
    Column(least=12),
    Column(least=10),
    Column(least=8),
    Column(least=10),
    Column(least=16, keep_tail=True),
)


def render(report: ScanReport, style: Style) -> str:
    """Return the report as lines of at most `style.width` cells, every foreign text escaped."""
    page = Style(color=style.color, width=max(NARROWEST, style.width), verbose=style.verbose)
    lines: list[str] = []
    for section in (_header, _servers, _models, _findings, _coverage):
        lines += [*section(report, page), ""]
    return "\n".join(line.rstrip() for line in lines[:-1]) + "\n"


def _header(report: ScanReport, style: Style) -> Iterator[str]:
    estate = report.estate
    words = [
        estate.hostname,
        f"{amount(estate.processes, 'process', 'processes')}, {amount(estate.listeners, 'listener')} in "
        f"{amount(estate.namespaces, 'namespace')}, {amount(len(estate.models), 'model')}",
        f"{report.duration_ms / 1000:.1f} s",
        _counts(report),
    ]
    first, *others = wrap(tidy(" · ".join(filter(None, words))), style.width)
    yield paint(first, "bold", on=style.color)
    yield from others


def _counts(report: ScanReport) -> str:
    found = [finding.severity for finding in _open(report)]
    named = [f"{found.count(level)} {level.word}" for level in sorted(Severity, reverse=True) if level in found]
    return ", ".join(named) or "no findings"


def _servers(report: ScanReport, style: Style) -> Iterator[str]:
    yield paint("SERVERS", "bold", on=style.color)
    if not report.estate.servers:
        yield "  no AI server seen among the processes and sockets looked at (below)"
        return
    models = {model.id: model for model in report.estate.models}
    servers = sorted(report.estate.servers, key=lambda s: (_urgency(report, s.id), reach(s), s.id))
    rows = [_server_row(server, models, report) for server in servers]
    lines = folded(rows, _SERVER_COLUMNS, style.width, keep=4, on=style.color)
    for server, block in zip(servers, lines, strict=True):
        yield from block
        yield from _more(server.evidence, approval_of(report, server.id), style)


def _server_row(server: Server, models: dict[str, ModelFile], report: ScanReport) -> list[Cell]:
    word, color = APPROVAL[approval_of(report, server.id).state]
    auth = access(server, probed=report.estate.probed)
    return [
        Cell(text=word, paint=color),
        Cell(text=product(server)),
        Cell(text=listening(server, rootless=report.estate.rootless)),
        Cell(text=auth, paint=_AUTH_COLORS.get(auth, "")),
        Cell(text=loaded(server, models)),
        Cell(text=owner(server)),
    ]


def _models(report: ScanReport, style: Style) -> Iterator[str]:
    yield paint("MODELS", "bold", on=style.color)
    if not report.estate.models:
        yield "  no model file seen, held open or in the stores looked at (below)"
        return
    ordered = sorted(report.estate.models, key=lambda m: (*_model_rank(m, report), m.path))
    shown = ordered if style.verbose else _worth_a_line(ordered, report)
    rows = [_model_row(model, approval_of(report, model.id)) for model in shown]
    lines = folded(rows, _MODEL_COLUMNS, style.width, keep=4, on=style.color)
    for model, block in zip(shown, lines, strict=True):
        yield from block
        yield from _more(model.evidence, approval_of(report, model.id), style)
    listed = {model.id for model in shown}
    if rest := [model for model in ordered if model.id not in listed]:
        words = f"and {len(rest):,} more: {by_store(rest)} (--details or --format json lists them)"
        yield from ("  " + line for line in wrap(tidy(words), style.width - 2))


def _worth_a_line(ordered: list[ModelFile], report: ScanReport) -> list[ModelFile]:
    """Return all models when they are few, else those that are unapproved, held or remarkable."""
    if len(ordered) <= MODELS_SHOWN:
        return ordered
    return [model for model in ordered if not all(_model_rank(model, report))][:MODELS_SHOWN]


def _model_rank(model: ModelFile, report: ScanReport) -> tuple[bool, bool, bool]:
    """Held and unapproved first, then unapproved, held, remarkable, and last those with nothing to say."""
    approved = approval_of(report, model.id).state in (ApprovalState.APPROVED, ApprovalState.NO_INVENTORY)
    return (approved, not model.held_by, not remarks(model))


def _model_row(model: ModelFile, approval: Approval) -> list[Cell]:
    word, color = APPROVAL[approval.state]
    name = model.name or model.path.rstrip("/").rpartition("/")[2]
    return [
        Cell(text=word, paint=color),
        Cell(text=name),
        Cell(text=kind(model)),
        Cell(text=size(model.size)),
        Cell(text=remarks(model) or place(model)),
        Cell(text=model.path, paint="dim"),
    ]


def _more(evidence: Iterable[Evidence], approval: Approval, style: Style) -> Iterator[str]:
    """With --details: the evidence of one asset and what the inventory says."""
    if not style.verbose:
        return
    words = [findings.seen(piece) for piece in evidence]
    clause = [f"inventory: {approval.clause}"] if approval.clause else []
    for text in (*words, *map(tidy, (*clause, *approval.deviations))):
        yield from ("      " + line for line in wrap(text, style.width - 6))


def _findings(report: ScanReport, style: Style) -> Iterator[str]:
    yield paint("FINDINGS", "bold", on=style.color)
    yield from findings.section(report, style)


def _coverage(report: ScanReport, style: Style) -> Iterator[str]:
    yield from _labelled("looked at", looked_at(report), style)
    for topic, words in sorted(report.notes.items()):
        yield from _labelled("note", f"{topic}: {words}", style)
    told = any(finding.rule == NOTHING_TO_COMPARE for finding in _open(report))
    if not report.inventory and not told and (report.estate.servers or report.estate.models):
        yield from _labelled("note", NO_INVENTORY, style)
    label = "not seen"
    for line in not_seen(report, everything=style.verbose):
        yield from _labelled(label, line, style)
        label = ""


def _labelled(label: str, text: str, style: Style) -> list[str]:
    return hanging(label, tidy(text), style.width, indent=_INDENT + 1, color="bold", on=style.color)


def _open(report: ScanReport) -> list[Finding]:
    return [finding for finding in report.findings if finding.state is FindingState.OPEN]


def _urgency(report: ScanReport, asset: str) -> int:
    return URGENCY.index(approval_of(report, asset).state)


RENDERER = Renderer(
    name="text",
    media_type="text/plain",
    help="for people: what is here, what is wrong, what to do, what was not seen",
    render=render,
)
