"""`signatures`: what can be recognised; lint and test them."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path

import msgspec
import yaml

from aiguard_agent.agent import all_signatures
from aiguard_agent.cli import exits
from aiguard_agent.cli.console import write_out
from aiguard_agent.cli.parser import did_you_mean
from aiguard_agent.cli.verb import Verb
from aiguard_agent.errors import DocumentError, UsageError
from aiguard_agent.identify.cases import failures, parse_cases
from aiguard_agent.identify.index import Index
from aiguard_agent.signatures.lint import lint
from aiguard_agent.signatures.schema import ServerSignature

DESCRIPTION = """\
List what can be recognised, or check signatures of your own (docs/signatures.md teaches how to write one).

examples:
  aiguard-agent signatures list
  aiguard-agent signatures show vllm
  aiguard-agent signatures lint --signatures ./mine
  aiguard-agent signatures test --signatures ./mine ./mine-cases"""


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="one line a signature")
    listing.add_argument("--format", choices=("text", "json"), default="text", help="output format (default text)")
    show = actions.add_parser("show", help="one signature, whole, as YAML")
    show.add_argument("id", metavar="ID", help="product id")
    check = actions.add_parser("lint", help="recommendations for authors; exit 3 when there are any")
    test = actions.add_parser("test", help="run cases; exit 3 when one fails or a signature has no near miss")
    test.add_argument("cases", metavar="DIR", help="folder of <id>.yaml case files")
    for action in (listing, show, check, test):
        action.add_argument(
            "--signatures", metavar="DIR", default="", help="further signatures; the same id replaces ours"
        )


def run(options: Namespace) -> int:
    """Print, lint or test."""
    signatures = {signature.id: signature for signature in all_signatures(filter(None, [options.signatures]))}
    if options.action == "list":
        write_out(_listing(signatures, options.format))
    elif options.action == "show":
        if options.id not in signatures:
            hint = did_you_mean(options.id, signatures)
            raise UsageError(f"no signature {options.id!r}{hint}; see: aiguard-agent signatures list")
        document = msgspec.to_builtins(signatures[options.id])
        write_out(yaml.safe_dump(_without_defaults(document), sort_keys=False, allow_unicode=True))
    elif options.action == "lint":
        _raise([f"{key}: {words}" for key, s in signatures.items() for words in lint(s, signatures)])
        write_out(f"{len(signatures)} signatures, no recommendations\n")
    else:
        write_out(_tested(signatures, Path(options.cases)))
    return exits.OK


def _listing(signatures: Mapping[str, ServerSignature], form: str) -> str:
    if form == "json":
        return json.dumps(msgspec.to_builtins(list(signatures.values())), indent=2) + "\n"
    rows = [
        f"{s.id:<24} {s.category:<30} {s.maturity:<11} {s.verified_on.how:<9} {s.name}" for s in signatures.values()
    ]
    return "\n".join([*rows, f"{len(rows)} signatures", ""])


def _tested(signatures: Mapping[str, ServerSignature], folder: Path) -> str:
    """Run the cases of a folder; raises DocumentError naming every failure."""
    files = sorted(folder.glob("*.yaml")) if folder.is_dir() else []
    if not files:
        raise UsageError(f"{folder}: no *.yaml case files there")
    index = Index(signatures.values())
    problems, count = [], 0
    for path in files:
        signature = signatures.get(path.stem)
        if signature is None:
            problems.append(f"{path}: no signature {path.stem!r}")
            continue
        try:
            cases = parse_cases(yaml.safe_load(path.read_text(encoding="utf-8")), str(path))
        except yaml.YAMLError as error:
            problems.append(f"{path}: not YAML: {' '.join(str(error).split())}")
            continue
        count += len(cases)
        for case in cases:
            problems += [f"{path}: {case.name}: {w}" for w in failures(case, signature, index)]
        products = [case.expect.product for case in cases]
        if signature.id not in products or all(product == signature.id for product in products):
            problems.append(f"{path}: give a case in which {signature.id} is named and a near miss in which it is not")
    _raise(problems)
    return f"{count} cases of {len(files)} signatures hold\n"


def _without_defaults(value: object) -> object:
    if isinstance(value, dict):
        return {k: _without_defaults(v) for k, v in value.items() if v not in ("", [], {}, None, ())}
    if isinstance(value, list | tuple):
        return [_without_defaults(item) for item in value]
    return value


def _raise(problems: list[str]) -> None:
    if problems:
        raise DocumentError(problems)


VERB = Verb(
    name="signatures",
    help="what can be recognised; lint and test signatures",
    description=DESCRIPTION,
    configure=configure,
    run=run,
)
