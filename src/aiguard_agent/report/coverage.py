"""What was looked at, and what was not seen: the lines without which no silence counts; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from aiguard_agent.core.facts import Blind, BlindKind
from aiguard_agent.core.report import ScanReport
from aiguard_agent.report.words import amount

ROOTLESS = "processes, files and sockets of other users may be hidden: this ran without root"
SUBJECTS = 3
GROUPS = 10


def looked_at(report: ScanReport) -> str:
    """Return one sentence about the ground that this scan covered."""
    estate = report.estate
    parts = [
        amount(estate.processes, "process", "processes"),
        f"{amount(estate.listeners, 'listening socket')} in {amount(estate.namespaces, 'network namespace')}",
        amount(estate.files, "candidate file"),
        f"model stores: {', '.join(estate.stores)}" if estate.stores else "no model store (none found or not walked)",
        amount(len(estate.gpus), "GPU") if estate.gpus else "no GPU found",
        "servers were asked over HTTP" if estate.probed else "nothing was asked over HTTP (--no-probe)",
        f"compared with {report.inventory}" if report.inventory else "compared with no inventory",
    ]
    return " · ".join(parts)


def not_seen(report: ScanReport, *, everything: bool) -> Iterator[str]:
    """Yield what could not be looked at, a line per kind and reason; there is always at least one line."""
    if report.estate.rootless:
        yield f"{ROOTLESS} → run the scan as root"
    groups = list(_grouped(report.estate.blind))
    remedies = _remedies(report)
    for group in groups if everything else groups[:GROUPS]:
        remedy = remedies.get(f"{group[0].collector}: {group[0].kind.value}", "")
        yield _line(group) + (f" → {remedy}" if remedy else "")
    if not everything and len(groups) > GROUPS:
        yield f"{amount(len(groups) - GROUPS, 'more reason')} (--details lists them)"
    if not groups and not report.estate.rootless:
        yield "nothing that was looked for was refused; what a scan cannot see at all: docs/coverage.md"


def _remedies(report: ScanReport) -> dict[str, str]:
    """Return what helps, by collector and kind; the line about root speaks for all that only root may read."""
    found = {finding.subject: finding.remedy[0] for finding in report.findings if finding.remedy}
    denied = f": {BlindKind.DENIED.value}"
    return {key: line for key, line in found.items() if not (report.estate.rootless and key.endswith(denied))}


def _grouped(blind: Iterable[Blind]) -> Iterator[list[Blind]]:
    groups: dict[tuple[str, str, str], list[Blind]] = {}
    for spot in blind:
        groups.setdefault((spot.collector, spot.kind.value, spot.reason), []).append(spot)
    yield from sorted(groups.values(), key=lambda group: (-sum(spot.count for spot in group), group[0].collector))


def _line(group: list[Blind]) -> str:
    first = group[0]
    number = sum(spot.count for spot in group)
    subjects = ", ".join(spot.subject for spot in group[:SUBJECTS]) + (", …" if len(group) > SUBJECTS else "")
    count = f" ({number:,})" if number > 1 and not re.search(rf"\b{number}\b", subjects) else ""
    return f"{subjects}{count}: {first.reason} [{first.collector}, {first.kind.value}]"
