"""`run`: the standing agent, in the foreground; systemd keeps it there."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from aiguard_agent.cli.verb import Verb
from aiguard_agent.config.generations import Generations
from aiguard_agent.config.load import chosen, load

DESCRIPTION = """\
Watch this host: see a model server the moment it appears, keep every finding in a ledger, serve metrics on loopback.
Runs in the foreground until it is told to end; deploy/systemd has the unit. SIGHUP reads the configuration anew.

examples:
  aiguard-agent run                                    /etc/aiguard-agent/config.yaml, or defaults
  aiguard-agent run --config ./config.yaml
  aiguard-agent status                                 how it is"""


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        default=None,
        help="configuration (default: $AIGUARD_CONFIG, else /etc/aiguard-agent/config.yaml if it is there)",
    )


def run(options: Namespace) -> int:
    """Run until told to end."""
    from aiguard_agent.daemon.standing import Standing, rule_ids  # here: no other verb needs metrics, SQLite, watchers

    path, required = chosen(options.config, os.environ)
    rules = rule_ids()
    loaded = load(path, os.environ, rules=rules, required=required)
    return Standing(path, Generations(loaded, rules=rules)).run()


VERB = Verb(
    name="run",
    help="watch this host until told to end (the service)",
    description=DESCRIPTION,
    configure=configure,
    run=run,
)
