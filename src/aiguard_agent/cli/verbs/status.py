"""`status`: how the running agent is."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiguard_agent.cli import exits
from aiguard_agent.cli.console import write_out
from aiguard_agent.cli.verb import Verb
from aiguard_agent.config.load import chosen, load
from aiguard_agent.config.schema import Status
from aiguard_agent.errors import DocumentError, UsageError
from aiguard_agent.report.clean import plain

DESCRIPTION = """\
Ask the running agent how it is: sources up, what it cannot see, its ledger, its configuration, its own cost.
Exit 0 when it answers and all is well, 1 when something is wrong with it.

examples:
  aiguard-agent status
  aiguard-agent status --format json"""


def configure(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--config", metavar="FILE", default=None, help="configuration that names the socket")
    parser.add_argument(
        "--socket", metavar="PATH", default="", help="the agent's socket, instead of the configured one"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(options: Namespace) -> int:
    """Ask and print."""
    from aiguard_agent.daemon.door import ask  # here: only these verbs talk to a running agent

    answer = ask(Path(options.socket or _configured(options.config)))
    write_out(json.dumps(answer, indent=2) + "\n" if options.format == "json" else "\n".join(_lines(answer)) + "\n")
    return exits.FINDINGS if _is_unwell(answer) else exits.OK


def _configured(given: str | None) -> str:
    path, required = chosen(given, os.environ)
    try:
        socket = load(path, os.environ, required=required, files=False).config.status.socket
    except DocumentError:
        socket = Status().socket  # a broken file is when one asks: the agent runs on with the one before it
    if socket is None:
        raise UsageError("the configuration says status.socket: off, so nobody can ask the running agent")
    return str(socket)


def _is_unwell(answer: dict[str, Any]) -> bool:
    ledger = answer.get("ledger", {})
    down = any(not source.get("up") for source in answer.get("sources", ()))
    return bool(down or answer.get("config", {}).get("problems") or ledger.get("health") or not ledger.get("durable"))


def _lines(answer: dict[str, Any]) -> Iterator[str]:
    process, ledger = answer["process"], answer["ledger"]
    taken = datetime.fromtimestamp(answer["taken_at"], UTC).isoformat(timespec="seconds")
    started = datetime.fromtimestamp(answer["started_at"], UTC).isoformat(timespec="seconds")
    yield f"aiguard-agent {answer['version']} · since {started} · generation {answer['generation']}"
    yield f"last look  {taken} · {answer['servers']} servers, {answer['models']} models, {answer['findings']} findings"
    looks = ", ".join(f"{count} {trigger}" for trigger, count in sorted(answer["looks"].items()))
    yield f"looks      {looks}"
    for source in answer["sources"]:
        words = plain(source["words"])
        yield f"source     {source['name']:<15} {'up' if source['up'] else 'DOWN'} · {words} · canary {source['proof']}"
    for source in answer["unused_sources"]:
        yield f"not used   {source['name']:<15} {plain(source['why'])}"
    durable = "on disk" if ledger["durable"] else "IN MEMORY ONLY"
    yield f"ledger     {durable} · {ledger['size'] >> 10} KiB · {plain(ledger['health']) or 'well'}"
    for note in ledger["notes"]:
        yield f"           {plain(note)}"
    for problem in answer["config"]["problems"]:
        yield f"config     REFUSED {plain(problem)}"
    for address in answer["metrics"]:
        yield f"metrics    {plain(address)}"
    throttled = ", ".join(f"{seconds:.1f} s {name}" for name, seconds in answer["throttled_seconds"].items())
    cost = f"{process['cpu_seconds']:.1f} s CPU, {process['resident'] >> 20} MiB, {process['open_files']} files"
    yield f"cost       {cost}, {process['threads']} threads" + (f" · throttled {throttled}" if throttled else "")
    for blind in answer["blind"]:
        yield f"not seen   {plain(blind['subject'])}: {plain(blind['reason'])} [{blind['collector']}]"


VERB = Verb(
    name="status",
    help="how the running agent is",
    description=DESCRIPTION,
    configure=configure,
    run=run,
)
