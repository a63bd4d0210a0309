"""`events`: what the agent has to tell, as it tells it."""

from __future__ import annotations

import json
import select
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiguard_agent.cli import exits
from aiguard_agent.cli.console import write_out
from aiguard_agent.cli.state import add_state_arguments, ledger_of, state_directory
from aiguard_agent.cli.verb import Verb
from aiguard_agent.core.event import Lane
from aiguard_agent.core.outbox import Stored
from aiguard_agent.errors import LedgerFault, UsageError
from aiguard_agent.report.clean import plain

DESCRIPTION = """\
Print the events that the agent keeps in its ledger, the newest last. An event leaves the ledger when all outputs have
sent it and room is needed, so what is printed is what is still kept. Reading takes nothing away from any output.

examples:
  aiguard-agent events tail
  aiguard-agent events tail -f --lane critical --lane finding
  aiguard-agent events tail -n 1000 --format json | jq .body"""
PAUSE_MS = 500
AT_ONCE = 500
MOST = 100_000


def configure(parser: ArgumentParser) -> None:
    """Declare the actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    tail = actions.add_parser("tail", help="the newest events; with -f those to come too")
    tail.add_argument("-n", "--lines", type=_lines, default=20, metavar="N", help="how many (default 20)")
    tail.add_argument("-f", "--follow", action="store_true", help="print new ones as they come, until Ctrl-C")
    tail.add_argument("--lane", action="append", choices=[lane.value for lane in Lane], help="only these (repeatable)")
    tail.add_argument("--format", choices=("text", "json"), default="text", help="text, or one JSON object a line")
    add_state_arguments(tail)


def run(options: Namespace) -> int:
    """Print, and follow."""
    directory = state_directory(options)
    lanes = [lane for lane in Lane if not options.lane or lane.value in options.lane]
    file = _identity(directory)
    with ledger_of(directory) as history:
        end = max((one.number for one in history.last_events(1)), default=0)
        found = history.last_events(options.lines, lanes)
    _print(found, options.format)
    if options.follow:
        try:
            for new in follow(directory, file, lanes, max(end, *(one.number for one in found), 0)):
                _print(new, options.format)
        except KeyboardInterrupt:
            pass  # the way to end it
    return exits.OK


def follow(directory: Path, file: tuple[int, int], lanes: Iterable[Lane], number: int) -> Iterator[tuple[Stored, ...]]:
    """Yield what is new, again and again, until nobody reads stdout any more.

    The ledger is opened anew each time: it may have been put aside as damaged, and begun afresh, with low numbers.
    """
    told = ""
    while not _reader_left():
        try:
            now = _identity(directory)
            with ledger_of(directory) as history:
                if now != file:
                    file, number = now, 0
                new = history.events_behind(number, AT_ONCE, tuple(lanes))
            told = ""
        except (LedgerFault, UsageError) as error:  # the agent may be starting; asking again is right
            new = ()
            if told != str(error):
                told = str(error)
                print(f"aiguard-agent: {plain(told)}; waiting", file=sys.stderr)
        if new:
            number = new[-1].number
            yield new


def line_of(stored: Stored) -> str:
    """Return one event for people."""
    event = stored.event
    at = datetime.fromtimestamp(event.time_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{at}.{event.time_ms % 1000:03}Z  {event.lane.value:<9}  {plain(_words(event.body))}"


def _words(body: Mapping[str, Any]) -> str:
    """Say what happened; an event of a kind that is not known here is shown as it is."""
    turn, finding = body.get("turn", ""), body.get("finding")
    if isinstance(finding, Mapping):
        parts = (turn, *(finding.get(name, "") for name in ("severity", "rule", "subject", "title")))
        return f"{'  '.join(map(str, parts))}  [{body.get('key', '')}]"
    if body.get("kind") in ("server", "model"):
        return f"{turn}  {body['kind']}  {body.get('id', '')}"
    if body.get("kind") == "model-version":
        return f"{turn}  model at {body.get('place', '')}: {body.get('before', '')} -> {body.get('after', '')}"
    return json.dumps(body, sort_keys=True)


def _print(found: Iterable[Stored], form: str) -> None:
    lines = [_record(one) if form == "json" else line_of(one) for one in found]
    if lines:
        write_out("".join(f"{line}\n" for line in lines))


def _record(stored: Stored) -> str:
    event = stored.event
    record = {"number": stored.number, "id": event.id, "time_ms": event.time_ms, "lane": event.lane.value}
    return json.dumps({**record, "body": event.body})


def _identity(directory: Path) -> tuple[int, int]:
    from aiguard_agent.ledger.opening import FILE  # here: no other verb needs SQLite

    try:
        stat = (directory / FILE).stat()
    except OSError:
        return 0, 0
    return stat.st_dev, stat.st_ino


def _reader_left() -> bool:
    """Wait a moment; tell at once when nobody reads any more: else `tail -f | head` would never end."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return bool(poll.poll(PAUSE_MS))


def _lines(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text[:9]) > MOST or len(text) > 9:
        raise ArgumentTypeError(f"takes a whole number up to {MOST}")
    return int(text)


VERB = Verb(
    name="events",
    help="what the agent has to tell: tail, follow",
    description=DESCRIPTION,
    configure=configure,
    run=run,
)
