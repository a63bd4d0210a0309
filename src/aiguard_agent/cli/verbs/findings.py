"""`findings`: what the agent keeps of each finding, and its life."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aiguard_agent.cli import exits
from aiguard_agent.cli.console import style_for, write_out
from aiguard_agent.cli.editing import add_waiver_arguments, waive
from aiguard_agent.cli.scanning import inventory_path
from aiguard_agent.cli.state import add_state_arguments, configured, is_file, ledger_of, state_directory
from aiguard_agent.cli.verb import Verb
from aiguard_agent.errors import UsageError
from aiguard_agent.inventory.globs import literal
from aiguard_agent.report.clean import plain
from aiguard_agent.report.document import finding_document
from aiguard_agent.report.explain import finding_lines
from aiguard_agent.report.words import amount

if TYPE_CHECKING:
    from aiguard_agent.ledger.history import PastFinding

DESCRIPTION = """\
Read the findings that the agent keeps in its ledger, whether it runs or not. Reading disturbs it in nothing.
KEY is the 16 hex digits beside a finding, or a beginning of them that only one has.

examples:
  aiguard-agent findings list
  aiguard-agent findings list --all --format json
  aiguard-agent findings show 15ed855d
  aiguard-agent findings waive 15ed855d --until 2027-01-31 --reason 'lab network'"""
LEAST_KEY = 4
EVERY = 1_000_000
"""More than the ledger has room for."""


def configure(parser: ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="one line a finding, the worst first; open ones, or all")
    listing.add_argument("--all", action="store_true", help="waived and resolved ones too")
    show = actions.add_parser("show", help="one finding: its evidence chain, its life, what to do")
    waiver = actions.add_parser("waive", help="accept one finding until a day, in the inventory")
    for action in (show, waiver):
        action.add_argument("key", metavar="KEY", help="as list prints it")
    for action in (listing, show):
        action.add_argument("--format", choices=("text", "json"), default="text", help="output format (default text)")
    add_waiver_arguments(waiver)
    for action in (listing, show, waiver):
        add_state_arguments(action)


def run(options: Namespace) -> int:
    """Run one action."""
    with ledger_of(state_directory(options)) as history:
        found = sorted(history.findings(resolved=True, limit=EVERY), key=_worst_first)
    if options.action == "waive":
        finding = one_of(found, options.key).finding
        return waive(_inventory(options), literal(finding.rule), literal(finding.subject), options)
    if options.action == "show":
        past = one_of(found, options.key)
        write_out(_json(document(past)) if options.format == "json" else _whole(past))
        return exits.OK
    shown = [past for past in found if options.all or past.state == "open"]
    write_out(_json([document(past) for past in shown]) if options.format == "json" else _list(shown, found))
    return exits.OK


def one_of(found: Sequence[PastFinding], key: str) -> PastFinding:
    """Return the finding of that key, or of the only one that begins so; raises UsageError."""
    fits = [past for past in found if len(key) >= LEAST_KEY and past.finding.key.startswith(key.lower())]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise UsageError(f"{key!r} fits {len(fits)} findings: {', '.join(past.finding.key for past in fits[:8])}")
    raise UsageError(f"no finding {key!r} in the ledger; see: aiguard-agent findings list --all")


def document(past: PastFinding) -> dict[str, Any]:
    """Return a finding as `scan --format json` has it, with its life."""
    return {
        **finding_document(past.finding),
        "state": past.state.value,
        "first_seen": past.opened_at,
        "last_seen": past.last_seen,
        "resolved_at": past.resolved_at,
        "count": past.count,
        "flaps": past.flaps,
    }


def _inventory(options: Namespace) -> str:
    """Return the inventory that the agent compares with, unless another one was named."""
    if options.inventory is None:
        path = configured(options.config).config.scan.inventory
        if is_file(path):
            return str(path)
    if found := inventory_path(options.inventory):
        return found
    raise UsageError("no inventory to write the waiver into; make one: aiguard-agent inventory init --output FILE")


def _worst_first(past: PastFinding) -> tuple[object, ...]:
    return (past.state == "resolved", -past.finding.severity, past.finding.rule, past.finding.subject)


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


def _list(shown: Sequence[PastFinding], found: Sequence[PastFinding]) -> str:
    lines = [
        f"{past.finding.key}  {past.finding.severity.word:<8}  {past.state.value:<8}  {_when(past.opened_at)}  "
        f"{_when(past.last_seen)}  {past.count:>6}x {past.flaps:>3} flaps  "
        f"{plain(past.finding.rule)}  {plain(past.finding.subject)}"
        for past in shown
    ]
    states = Counter(past.state.value for past in found if past not in shown)
    hidden = [f"{count} {state}" for state, count in sorted(states.items(), reverse=True)]
    lines.append(amount(len(shown), "finding") + (f"; {', '.join(hidden)} not shown (--all)" if hidden else ""))
    return "\n".join(lines) + "\n"


def _whole(past: PastFinding) -> str:
    style = style_for(sys.stdout, "auto")
    return "".join(f"{line.rstrip()}\n" for line in (*finding_lines(past.finding, style), *_life(past)))


def _life(past: PastFinding) -> Iterator[str]:
    yield f"  first seen  {_when(past.opened_at)}"
    yield f"  last seen   {_when(past.last_seen)} · {amount(past.count, 'time')}, {amount(past.flaps, 'flap')}"
    if past.resolved_at is not None:
        yield f"  resolved    {_when(past.resolved_at)}"


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


VERB = Verb(
    name="findings",
    help="findings that the agent keeps: list, show, waive",
    description=DESCRIPTION,
    configure=configure,
    run=run,
)
