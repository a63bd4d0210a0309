"""`doctor`: what can be seen from here, and how to see more."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence

from aiguard_agent.cli import exits
from aiguard_agent.cli.console import style_for, write_out
from aiguard_agent.cli.health.check import Check, Stand
from aiguard_agent.cli.state import add_config_argument
from aiguard_agent.cli.verb import Verb
from aiguard_agent.collect.host import Host
from aiguard_agent.report.layout import hanging, paint, tidy
from aiguard_agent.report.renderer import Style

DESCRIPTION = """\
Say what this kernel, the rights of this user and this configuration let the agent see, and what to do to see more.
Looks only, changes nothing. Run it as the agent runs: as root, or as its user with its capabilities.
Exit 0 when nothing is missing, 1 when something is. `limited`: it works, and sees less than it could.

examples:
  aiguard-agent doctor
  aiguard-agent doctor --format json"""
_COLORS = {Stand.OK: "", Stand.LIMITED: "yellow", Stand.MISSING: "red"}
_INDENT = 34


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_config_argument(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output format (default text)")


def run(options: Namespace) -> int:
    """Examine and print."""
    from aiguard_agent.cli.health.examine import document, examine  # here: no other verb needs all of its rooms

    checks, _config, _answer = examine(Host(), options.config)
    if options.format == "json":
        write_out(json.dumps(document(checks), indent=2) + "\n")
    else:
        write_out("".join(f"{line.rstrip()}\n" for line in _lines(checks, style_for(sys.stdout, "auto"))))
    return exits.FINDINGS if any(one.stand is Stand.MISSING for one in checks) else exits.OK


def _lines(checks: Sequence[Check], style: Style) -> Iterator[str]:
    for one in checks:
        label = f"{one.stand.value:<8} {one.area:<10} {one.name}"
        color = _COLORS[one.stand]
        yield from hanging(label, tidy(one.found), style.width, indent=_INDENT, color=color, on=style.color)
        if one.step:
            yield from hanging("", tidy(f"-> {one.step}"), style.width, indent=_INDENT, color=color, on=style.color)
    counts = ", ".join(f"{sum(one.stand is stand for one in checks)} {stand}" for stand in Stand)
    yield paint(counts, "bold", on=style.color)


VERB = Verb(
    name="doctor",
    help="what can be seen from here, and how to see more",
    description=DESCRIPTION,
    configure=configure,
    run=run,
)
