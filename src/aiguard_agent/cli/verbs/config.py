"""`config`: what holds and why, an example to begin with, a schema for editors."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace

from aiguard_agent.agent import all_rules
from aiguard_agent.cli import exits
from aiguard_agent.cli.console import write_out
from aiguard_agent.cli.verb import Verb
from aiguard_agent.config.describe import example, in_line, json_schema
from aiguard_agent.config.keys import keys, value_of
from aiguard_agent.config.load import Loaded, chosen, load
from aiguard_agent.report.clean import plain

DESCRIPTION = """\
Show the configuration that holds, each key with where its value came from. Secrets are never read: shown is where
they lie. All keys are explained in docs/configuration.md.

examples:
  aiguard-agent config show --set
  aiguard-agent config example > config.yaml
  aiguard-agent config schema > config.schema.json"""


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="every key, its value, and where that came from")
    show.add_argument(
        "file", metavar="FILE", nargs="?", help="default: $AIGUARD_CONFIG, /etc/aiguard-agent/config.yaml"
    )
    show.add_argument("--set", action="store_true", help="only what has not its default")
    show.add_argument("--format", choices=("text", "json"), default="text", help="output format (default text)")
    actions.add_parser("example", help="a file with every key, commented out")
    actions.add_parser("schema", help="JSON Schema of the file, for editors")


def run(options: Namespace) -> int:
    """Print it."""
    if options.action == "example":
        write_out(example())
    elif options.action == "schema":
        write_out(json_schema())
    else:
        path, required = chosen(options.file, os.environ)
        rules = [rule.id for rule in all_rules()]
        loaded = load(path, os.environ, rules=rules, required=required, files=False)
        write_out(_shown(loaded, options.format, [n for n in keys() if n in loaded.origins or not options.set]))
    return exits.OK


def _shown(loaded: Loaded, form: str, names: list[str]) -> str:
    rows = [
        (name, keys()[name].plain(value_of(loaded.config, name)), loaded.origins.get(name, "default")) for name in names
    ]
    if form == "json":
        document = [{"key": name, "value": value, "from": origin} for name, value, origin in rows]
        return json.dumps(document, indent=2) + "\n"
    return "".join(f"{name:<32} {plain(in_line(value)):<32} {plain(origin)}\n" for name, value, origin in rows)


VERB = Verb(
    name="config",
    help="the configuration that holds; an example; a schema",
    description=DESCRIPTION,
    configure=configure,
    run=run,
)
