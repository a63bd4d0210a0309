"""`scan`: look once, say what is there."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from aiguard_agent.cli import exits
from aiguard_agent.cli.console import style_for, write_out
from aiguard_agent.cli.files import write_file
from aiguard_agent.cli.scanning import SEVERITIES, add_scan_arguments, add_threshold_arguments, scan_from
from aiguard_agent.cli.verb import Verb
from aiguard_agent.core.finding import FindingState, Severity
from aiguard_agent.core.plugins import discover
from aiguard_agent.core.report import ScanReport
from aiguard_agent.errors import UsageError
from aiguard_agent.report import renderers
from aiguard_agent.report.renderer import Renderer

DESCRIPTION = """\
Look once at this host: processes, listening sockets in every network namespace, model files in use and in the
usual stores. Recognise the AI among them, compare it with the approved inventory, say what is wrong.

examples:
  aiguard-agent scan                                   everything, for people
  aiguard-agent scan --format json > host.json         everything, for machines (docs/output.md)
  aiguard-agent scan --no-probe                        ask no server anything
  aiguard-agent scan --path /data/models --hash        a further folder, with digests
  aiguard-agent scan --fail-on high                    exit 1 when a finding is high or critical"""


def formats() -> dict[str, Renderer]:
    """Return the output formats by name."""
    return {renderer.name: renderer for renderer in discover(renderers, "RENDERER", Renderer)}


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_scan_arguments(parser)
    add_threshold_arguments(parser)
    out = parser.add_argument_group("how to say it")
    out.add_argument("--format", choices=sorted(formats()), default="text", help="output format (default text)")
    out.add_argument("--output", metavar="FILE", default="", help="write to a file instead of stdout")
    out.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="colours in text (NO_COLOR works)"
    )
    out.add_argument("--details", action="store_true", help="evidence of every server and model in text")
    out.add_argument("--fail-on", choices=(*SEVERITIES, "never"), default="never", help="exit 1 from this severity on")


def run(options: Namespace) -> int:
    """Scan and print."""
    if options.output:
        writable(options.output)
    report = scan_from(options)
    style = style_for(sys.stdout, options.color if not options.output else "never", verbose=options.details)
    text = formats()[options.format].render(report, style)
    if options.output:
        write_file(Path(options.output), text.encode("utf-8", "backslashreplace"))
    else:
        write_out(text)
    return exits.FINDINGS if reached(report, options.fail_on) else exits.OK


def writable(output: str) -> None:
    """Raise UsageError for a file that cannot be written: before the work, not after it."""
    path = Path(output)
    if path.is_dir():
        raise UsageError(f"--output {output}: is a directory")
    if not path.parent.is_dir():
        raise UsageError(f"--output {output}: no directory {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"--output {output}: may not be written")


def reached(report: ScanReport, fail_on: str) -> bool:
    """Tell whether an open finding is at least that severe."""
    if fail_on == "never":
        return False
    limit = Severity[fail_on.upper()]
    return any(f.severity >= limit and f.state is FindingState.OPEN for f in report.findings)


VERB = Verb(
    name="scan",
    help="look once: AI servers, model files, and which nobody approved",
    description=DESCRIPTION,
    configure=configure,
    run=run,
)
