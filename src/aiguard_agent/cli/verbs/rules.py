"""`rules`: what is looked for, and how sure it is."""

from __future__ import annotations

import json
import textwrap
from argparse import ArgumentParser, Namespace

from aiguard_agent.agent import all_rules
from aiguard_agent.cli import exits
from aiguard_agent.cli.console import write_out
from aiguard_agent.cli.parser import did_you_mean
from aiguard_agent.cli.verb import Verb
from aiguard_agent.errors import UsageError
from aiguard_agent.policy.rule import Rule


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="one line a rule")
    listing.add_argument("--format", choices=("text", "json"), default="text", help="output format (default text)")
    show = actions.add_parser("show", help="one rule, whole")
    show.add_argument("id", metavar="RULE", help="rule id")


def run(options: Namespace) -> int:
    """Print rules."""
    if options.action == "show":
        write_out(_whole(_find(options.id)))
    elif options.format == "json":
        write_out(json.dumps([_document(rule) for rule in all_rules()], indent=2) + "\n")
    else:
        rows = [f"{r.id:<26} {r.severity.word:<9} {r.confidence.word:<7} {r.title}" for r in all_rules()]
        write_out("\n".join(rows) + "\n")
    return exits.OK


def _find(name: str) -> Rule:
    for rule in all_rules():
        if rule.id == name:
            return rule
    raise UsageError(
        f"no rule {name!r}{did_you_mean(name, (rule.id for rule in all_rules()))}; see: aiguard-agent rules list"
    )


def _document(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "title": rule.title,
        "description": rule.description,
        "severity": rule.severity.word,
        "confidence": rule.confidence.word,
        "maturity": str(rule.maturity),
        "remedy": list(rule.remedy),
        "atlas": list(rule.atlas),
        "owasp": list(rule.owasp),
    }


def _whole(rule: Rule) -> str:
    lines = [f"{rule.id}: {rule.title}", "", *textwrap.wrap(rule.description, 100), ""]
    lines.append(f"severity {rule.severity.word} · confidence {rule.confidence.word} · {rule.maturity}")
    if rule.atlas or rule.owasp:
        lines.append(f"MITRE ATLAS {', '.join(rule.atlas) or '-'} · OWASP LLM {', '.join(rule.owasp) or '-'}")
    lines += [f"do  {line}" for line in rule.remedy]
    return "\n".join(lines) + "\n"


VERB = Verb(
    name="rules",
    help="what is looked for, with severity and remedy",
    description="List the rules that findings come from, or show one. The same texts are in docs/rules.md.",
    configure=configure,
    run=run,
)
