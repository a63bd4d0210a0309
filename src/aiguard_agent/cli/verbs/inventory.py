"""`inventory`: write, check, compare and edit the list of what is approved."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path

from aiguard_agent.cli import exits
from aiguard_agent.cli.console import write_out
from aiguard_agent.cli.editing import (
    add_by_argument,
    add_dry_run_argument,
    add_waiver_arguments,
    put,
    text_of,
    waive,
    who,
)
from aiguard_agent.cli.parser import did_you_mean
from aiguard_agent.cli.scanning import add_scan_arguments, default_inventories, inventory_path, scan_from
from aiguard_agent.cli.verb import Verb
from aiguard_agent.core.assets import ModelFile, Server
from aiguard_agent.core.report import ScanReport
from aiguard_agent.errors import UsageError
from aiguard_agent.inventory import compare, draft, edit
from aiguard_agent.inventory.load import load
from aiguard_agent.report.clean import plain
from aiguard_agent.report.words import amount

DESCRIPTION = """\
The inventory says which models and servers are approved, and which findings are waived until when.
docs/inventory.md describes every key.

examples:
  aiguard-agent inventory init --output inventory.yaml   approve what is here now, to be read and cut down
  aiguard-agent inventory check inventory.yaml           every problem, with file, line and key
  aiguard-agent inventory diff --inventory inventory.yaml
  aiguard-agent inventory approve ollama@gpu-07 --by alice
  aiguard-agent inventory waive exposed-no-auth 'ollama@gpu-07*' --until 2027-01-31 --reason 'lab network'"""


def configure(parser: ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    start = actions.add_parser("init", help="print an inventory that approves the present host")
    start.add_argument(
        "--output", metavar="FILE", default="", help="write it there; an existing file is never replaced"
    )
    check = actions.add_parser("check", help="validate an inventory: exit 0, or 3 with every problem")
    check.add_argument("file", metavar="FILE", nargs="?", help="default: the inventory that scan would use")
    diff = actions.add_parser("diff", help="host against inventory: exit 0 when equal, 1 when not")
    approve = actions.add_parser("approve", help="add an entry for an asset, keeping every other byte of the file")
    approve.add_argument(
        "id", metavar="ID", help="id of a server or model or a beginning that only one has, a pid, a path"
    )
    approve.add_argument("--note", default="", help="why, a ticket")
    waiver = actions.add_parser("waive", help="accept one finding until a day")
    waiver.add_argument("rule", metavar="RULE", help="rule id, as in: aiguard-agent rules list")
    waiver.add_argument(
        "subject", metavar="SUBJECT", help="id that scan prints with the finding; * stands for any text"
    )
    add_waiver_arguments(waiver)
    for action in (start, diff, approve):
        add_scan_arguments(action)
    for action in (start, approve):
        add_by_argument(action)
    add_dry_run_argument(approve)


def run(options: Namespace) -> int:
    """Run one action."""
    return {"init": _init, "check": _check, "diff": _diff, "approve": _approve, "waive": _waive}[options.action](
        options
    )


def _init(options: Namespace) -> int:
    options.inventory = ""
    text = draft.init(scan_from(options), by=who(options))
    if not options.output:
        write_out(text)
        return exits.OK
    try:
        with Path(options.output).open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise UsageError(
            f"{options.output} is there already; approve single assets with: inventory approve ID"
        ) from error
    print(
        f"wrote {options.output}: read it, cut it down, then: aiguard-agent scan --inventory {options.output}",
        file=sys.stderr,
    )
    return exits.OK


def _check(options: Namespace) -> int:
    path = inventory_path(options.file) or _missing()
    inventory = load(Path(path))
    counts = ", ".join(
        (
            amount(len(inventory.models), "model"),
            amount(len(inventory.servers), "server"),
            amount(len(inventory.waivers), "waiver"),
        )
    )
    write_out(f"{path}: good · {counts}\n")
    return exits.OK


def _diff(options: Namespace) -> int:
    path = options.inventory = inventory_path(options.inventory) or _missing()
    report = scan_from(options)
    found = compare.diff(load(Path(path)), report, today=_today(report))
    lines = [f"+ {asset}  not in the inventory" for asset in found.added]
    lines += [f"- {missing.words}  not seen on this host ({missing.clause})" for missing in found.missing]
    for asset, approval in found.drifted:
        lines += [f"~ {asset}  {words} ({approval.clause})" for words in approval.deviations or ("differs",)]
    lines.append(f"{len(found.added)} added, {len(found.missing)} missing, {len(found.drifted)} drifted")
    write_out("".join(f"{plain(line)}\n" for line in lines))
    return exits.FINDINGS if found.added or found.missing or found.drifted else exits.OK


def _approve(options: Namespace) -> int:
    path = options.inventory = inventory_path(options.inventory) or _missing()
    report = scan_from(options)
    asset = find_asset(report, options.id)
    text = text_of(path)
    new = edit.approve(text, asset, by=who(options), note=options.note, file=path, hostname=report.estate.hostname)
    return put(path, text, new, dry_run=options.dry_run)


def _waive(options: Namespace) -> int:
    return waive(inventory_path(options.inventory) or _missing(), options.rule, options.subject, options)


def find_asset(report: ScanReport, name: str) -> Server | ModelFile:
    """Return the asset of that id, path or pid, or of the only id that begins so; raises UsageError otherwise."""
    assets: list[Server | ModelFile] = [*report.estate.servers, *report.estate.models]
    exact = [asset for asset in assets if asset.id == name]
    found = exact or [asset for asset in assets if asset.id.startswith(name) or name in _other_names(asset)]
    if len(found) == 1:
        return found[0]
    if not found:
        hint = did_you_mean(name, (asset.id for asset in assets))
        raise UsageError(f"no asset {name!r} on this host{hint}; aiguard-agent scan lists what there is")
    raise UsageError(f"{name!r} fits {len(found)} assets: {', '.join(plain(a.id) for a in found[:8])}")


def _other_names(asset: Server | ModelFile) -> tuple[str, ...]:
    return (str(asset.process.pid),) if isinstance(asset, Server) else (asset.path,)


def _missing() -> str:
    places = ", ".join(str(path) for path in default_inventories())
    raise UsageError(f"no inventory given and none at {places}; make one: aiguard-agent inventory init --output FILE")


def _today(report: ScanReport) -> str:
    return datetime.fromtimestamp(report.estate.taken_at, UTC).date().isoformat()


VERB = Verb(
    name="inventory",
    help="the approved inventory: init, check, diff, approve, waive",
    description=DESCRIPTION,
    configure=configure,
    run=run,
)
