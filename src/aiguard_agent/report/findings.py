"""The findings as blocks of lines, one block per subject: said once, explained once, mended once; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby, zip_longest

from aiguard_agent.core.assets import Evidence
from aiguard_agent.core.finding import Finding, FindingState, Severity
from aiguard_agent.core.report import ScanReport
from aiguard_agent.report.layout import hanging, paint, tidy, wrap
from aiguard_agent.report.renderer import Style
from aiguard_agent.report.words import amount

SHOWN = {Severity.CRITICAL: 20, Severity.HIGH: 10, Severity.MEDIUM: 5, Severity.LOW: 3, Severity.INFO: 3}
"""Blocks of the same rules and severity that are printed; the rest is counted."""
EVIDENCE_SHOWN = 4
EVIDENCE_CLIP = 300
KEY_SHOWN = 8
"""Digits of a finding's key: enough for `explain`, which takes any unique beginning."""
BLIND = "blind-spot"
_INDENT = 10
_COLORS = {
    Severity.CRITICAL: "alarm",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "",
    Severity.INFO: "dim",
}

Block = tuple[Finding, ...]
"""All open findings of one subject, the worst first."""


def section(report: ScanReport, style: Style) -> Iterator[str]:
    """Yield the lines about what is wrong, the worst first; what was waived or hidden is said too."""
    found = [finding for finding in report.findings if finding.state is FindingState.OPEN]
    quiet = [] if style.verbose else [one for one in found if one.rule == BLIND and one.severity < Severity.MEDIUM]
    if not found:
        yield "  no rule found anything in what was seen; what was not seen is below"
    assets = {*(server.id for server in report.estate.servers), *(model.id for model in report.estate.models)}
    for kind, alike in groupby(blocks(one for one in found if one not in quiet), _kind):
        yield from _alike(kind, list(alike), assets, style)
    yield from _blindness(quiet, style)
    yield from _waived(report, style)
    if report.suppressed:
        yield f"  {amount(report.suppressed, 'finding')} below the threshold not shown"


def blocks(findings: Iterable[Finding]) -> list[Block]:
    """Return the findings by subject; blocks of the same severity and rules stand side by side."""
    subjects: dict[str, list[Finding]] = {}
    for finding in findings:
        subjects.setdefault(finding.subject, []).append(finding)
    found = [tuple(sorted(group, key=lambda one: -one.severity)) for group in subjects.values()]
    return sorted(found, key=lambda block: (-block[0].severity, -len(block), _kind(block)))


def seen(piece: Evidence, said: str = "") -> str:
    """Return what was seen, and where unless the words already say it."""
    what, where = tidy(piece.what, EVIDENCE_CLIP), tidy(piece.where, EVIDENCE_CLIP)
    return what if not where or where in what or where in said else f"{what} ({where})"


def _kind(block: Block) -> tuple[tuple[Severity, str], ...]:
    return tuple((finding.severity, finding.rule) for finding in block)


def _alike(
    kind: tuple[tuple[Severity, str], ...], alike: Sequence[Block], assets: set[str], style: Style
) -> Iterator[str]:
    worst = kind[0][0]
    limit = len(alike) if style.verbose else SHOWN[worst]
    for block in alike[:limit]:
        yield from _block(block, assets, style)
    if more := len(alike) - len(alike[:limit]):
        rules = " + ".join(rule for _severity, rule in kind)
        yield from _line(worst, f"{rules}  {more:,} more like these (--details or --format json lists them)", style)


def _block(block: Block, assets: set[str], style: Style) -> Iterator[str]:
    column = max(len(finding.rule) for finding in block)
    for finding in block:
        words = f"{finding.rule:<{column}}  {finding.title}  [{finding.key[:KEY_SHOWN]}]"
        yield from _line(finding.severity, words, style)
    named = any(block[0].subject in line for finding in block for line in finding.remedy)
    if block[0].subject in assets and not named:
        yield from _under("id", block[0].subject, style)
    yield from _why(block, style)
    done: set[str] = set()
    for finding in block:
        remedy = [line for line in finding.remedy if line not in done]
        done.update(remedy)
        if remedy:
            yield from _under("do", _alternatives(remedy), style)


def _why(block: Block, style: Style) -> Iterator[str]:
    """Say the first pieces of evidence of every finding, each once."""
    turns = chain.from_iterable(zip_longest(*(finding.evidence for finding in block)))
    pieces = list({(piece.what, piece.where): piece for piece in turns if piece is not None}.values())
    if not pieces:
        return
    limit = len(pieces) if style.verbose else EVIDENCE_SHOWN + len(block) - 1
    said = tidy(" ".join(finding.title for finding in block))
    words = list(dict.fromkeys(seen(piece, said) for piece in pieces[:limit]))
    hidden = len(pieces) - len(pieces[:limit])
    yield from _under("why", " · ".join(words) + (f" · {hidden} more" if hidden else ""), style)


def _alternatives(remedy: Sequence[str]) -> str:
    """Join what can be done: one way or the other, or, where a line begins with "then", one after the other."""
    first, *others = remedy
    return first + "".join(f" · {line}" if line.startswith("then ") else f" · or {line}" for line in others)


def _line(severity: Severity, words: str, style: Style) -> Iterator[str]:
    label = paint(f"{severity.word:<{_INDENT}}", _COLORS[severity], on=style.color)
    first, *others = wrap(tidy(words), style.width - _INDENT)
    yield label + first
    yield from (" " * _INDENT + line for line in others)


def _under(label: str, text: str, style: Style) -> Iterator[str]:
    room = style.width - _INDENT
    lines = hanging(label, tidy(text), room, indent=5, color="dim", on=style.color)
    yield from (" " * _INDENT + line for line in lines)


def _blindness(quiet: Sequence[Finding], style: Style) -> Iterator[str]:
    if quiet:
        worst = max(finding.severity for finding in quiet)
        words = f"{BLIND}  {amount(len(quiet), 'kind')} of things could not be looked at: see `not seen` below"
        yield from _line(worst, words, style)


def _waived(report: ScanReport, style: Style) -> Iterator[str]:
    for finding in report.findings:
        if finding.state is FindingState.WAIVED:
            words = f"{finding.rule}  {finding.title}  ({finding.waiver or 'no reason given'})"
            yield from hanging("waived", tidy(words), style.width, indent=_INDENT, color="dim", on=style.color)
