"""`explain`: the evidence chain of one server, model or finding."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from aiguard_agent.cli import exits
from aiguard_agent.cli.console import style_for, write_out
from aiguard_agent.cli.scanning import add_scan_arguments, scan_from
from aiguard_agent.cli.verb import Verb
from aiguard_agent.errors import UsageError
from aiguard_agent.report.explain import explain

DESCRIPTION = """\
Scan, then say all that was seen of one thing: why it has its name, its version, its grade, its approval.

examples:
  aiguard-agent explain 4121                      the server that pid 4121 belongs to
  aiguard-agent explain ollama                    every ollama here
  aiguard-agent explain :11434                    whatever AI listens on that port
  aiguard-agent explain /srv/models/a.gguf        a model file
  aiguard-agent explain shadow-server             every finding of that rule
  aiguard-agent explain 3f9a1c22                  one finding by its key, as scan prints it"""


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "subject", metavar="SUBJECT", help="pid, :port, path, id, product, rule, or the key of a finding"
    )
    add_scan_arguments(parser)
    parser.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="colours in text (NO_COLOR works)"
    )


def run(options: Namespace) -> int:
    """Print the explanation; a path is looked at even when no store leads to it."""
    wanted = options.subject
    if os.sep in wanted and options.root == "/" and Path(wanted).exists():
        wanted = str(Path(wanted).resolve())
        options.path.append(wanted)
    text = explain(scan_from(options), wanted, style_for(sys.stdout, options.color))
    if not text:
        raise UsageError(
            f"nothing known of {wanted!r}: here is no AI server with that pid, port, id or product, no model with that "
            "path, id or name, and no finding with that key or rule; aiguard-agent scan lists what there is"
        )
    write_out(text)
    return exits.OK


VERB = Verb(
    name="explain",
    help="the evidence chain of one server, model or finding",
    description=DESCRIPTION,
    configure=configure,
    run=run,
)
