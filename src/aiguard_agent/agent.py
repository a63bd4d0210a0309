"""The only module that knows every room: it carries values from one to the next, and owns nothing else.

collect -> identify <-> probe -> policy -> report
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from aiguard_agent import __version__
from aiguard_agent.collect.collector import Options
from aiguard_agent.collect.digest import SMALL, Digests
from aiguard_agent.collect.foreign import open_seen
from aiguard_agent.collect.host import Host, blind_of
from aiguard_agent.collect.run import collect
from aiguard_agent.core.assets import Confidence, Estate, ModelFile, ModelHeader
from aiguard_agent.core.facts import Blind, FileSeen, HostFacts
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.core.plugins import discover
from aiguard_agent.core.probing import HttpAnswer, Target
from aiguard_agent.core.report import ScanReport
from aiguard_agent.errors import AiguardError
from aiguard_agent.identify.estate import estate_of
from aiguard_agent.identify.index import Index
from aiguard_agent.identify.interest import interest
from aiguard_agent.identify.models import Recognised, build_models, recognise
from aiguard_agent.identify.questions import questions
from aiguard_agent.identify.servers import identify_servers
from aiguard_agent.identify.view import View
from aiguard_agent.inventory.load import load as load_inventory
from aiguard_agent.inventory.match import match_estate
from aiguard_agent.inventory.schema import Inventory
from aiguard_agent.policy import rules as rules_package
from aiguard_agent.policy.decide import decide, remapped
from aiguard_agent.policy.judge import judge
from aiguard_agent.policy.rule import Known, Rule
from aiguard_agent.probe.ask import ask_all
from aiguard_agent.probe.coverage import blind_spots
from aiguard_agent.probe.policy import Budget
from aiguard_agent.probe.replay import FILE as RECORDED_ANSWERS
from aiguard_agent.probe.replay import Recording, read_recording
from aiguard_agent.signatures.load import bundled, load_directory, merged
from aiguard_agent.signatures.schema import ServerSignature

Log = Callable[..., object]
"""(event, **data), as a structlog logger's `info`: a constant snake_case name, the rest as keys."""

ROUNDS = 3
"""How often answers may lead to further questions in one scan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """What one scan looks at, asks and compares with."""

    root: str = "/"
    inventory: str = ""
    signatures: tuple[str, ...] = ()
    """Folders of further signatures; an id in a later one replaces an earlier, and the bundled one."""
    probe: bool = True
    budget: Budget = field(default_factory=Budget)
    paths: tuple[str, ...] = ()
    stores: bool = True
    remote: bool = False
    hash_all: bool = False
    hash_limit: int = SMALL
    """Bytes up to which a model file is hashed without `hash_all`."""
    digests: str = ""
    """File that keeps whole-file digests between scans; "" = none."""
    min_severity: Severity = Severity.INFO
    min_confidence: Confidence = Confidence.LOW
    disabled_rules: frozenset[str] = frozenset()
    remap: tuple[tuple[str, Severity], ...] = ()
    """Another severity for the findings of a rule."""
    pace: Callable[[int], None] = field(default=lambda _bytes: None)
    """Told how many bytes were read; may wait."""
    questions: Callable[[int], int] = field(default=lambda wanted: wanted)
    """Told how many questions there are, says how many may be asked now."""
    progress: Callable[[str], None] = field(default=lambda _words: None)
    log: Log = field(default=lambda _event, **_data: None)


HeaderKey = tuple[str, int, int, int, int, int]


@dataclass(slots=True, kw_only=True)
class Kept:
    """What one look leaves for the next: what is known of files that did not change, and answers that still hold."""

    digests: Digests
    headers: dict[HeaderKey, ModelHeader | None] = field(default_factory=dict)
    """None = a file that no format knows."""
    answers: tuple[HttpAnswer, ...] = ()
    """Of the last look; whoever calls again drops those that are too old."""


def scan(options: ScanOptions) -> ScanReport:
    """Look once at one host and say what is there; raises DocumentError for a bad inventory or signature."""
    started = time.monotonic()
    inventory = load_inventory(Path(options.inventory)) if options.inventory else None
    index = Index(all_signatures(options.signatures))
    host = Host(options.root)
    facts = look(host, options, index)
    for run in facts.runs:
        options.log("collector_ran", name=run.name, ms=round(run.seconds * 1000), ok=run.ok)
    kept = Kept(digests=Digests(Path(options.digests) if options.digests else None))
    estate = assemble(host, facts, options, index, kept)
    report = judged(estate, inventory, options)
    options.log("scan_done", servers=len(estate.servers), models=len(estate.models), findings=len(report.findings))
    return replace(
        report,
        duration_ms=round((time.monotonic() - started) * 1000),
        kernel=facts.kernel,
        boot_id=facts.boot_id,
        inventory=options.inventory,
        notes=facts.notes,
    )


def all_signatures(folders: Iterable[str] = ()) -> tuple[ServerSignature, ...]:
    """Return the bundled signatures, with those of the folders over them; raises DocumentError."""
    found = bundled()
    for folder in folders:
        found = merged(found, load_directory(Path(folder)))
    return found


def look(host: Host, options: ScanOptions, index: Index) -> HostFacts:
    """Collect the facts, a deep look included at the processes that the signatures care for."""
    return collect(
        host,
        Options(
            interesting=interest(index),
            paths=options.paths,
            stores=options.stores,
            remote=options.remote,
            progress=options.progress,
        ),
    )


def assemble(host: Host, facts: HostFacts, options: ScanOptions, index: Index, kept: Kept) -> Estate:
    """Recognise files and servers, asking the servers where that is allowed."""
    options.progress(f"reading {len(facts.files)} files")
    models, blind = read_models(host, facts.files, options, kept)
    kept.answers = ask(host, facts, models, options, index, kept.answers) if options.probe else ()
    answers = kept.answers
    servers = identify_servers(View(facts, answers, models), index)
    pids = {pid for server in servers for pid in (server.process.pid, *server.children)}
    silent = blind_spots(answer for answer in answers if answer.target.pid in pids)  # others' silence is their affair
    asked = options.probe and (host.live or any(answer.status is not None for answer in answers))
    return estate_of(facts, servers, models, blind=(*blind, *silent), probed=asked)


def read_models(
    host: Host, files: Iterable[FileSeen], options: ScanOptions, kept: Kept
) -> tuple[tuple[ModelFile, ...], tuple[Blind, ...]]:
    """Return the models among the files, and what could not be read; an unchanged file is not opened again."""
    known: list[Recognised] = []
    other: list[FileSeen] = []
    blind: list[Blind] = []
    siblings = _siblings(files := tuple(files))
    before, kept.headers = kept.headers, {}
    for number, seen in enumerate(files):
        if number % 200 == 199:
            options.progress(f"read {number + 1} of {len(files)} files")
        key = (seen.path, seen.dev, seen.inode, seen.size, seen.mtime_ns, seen.ctime_ns)
        try:
            header = before[key] if key in before else _header(host, seen, siblings, options)
        except (OSError, AiguardError) as error:
            blind.append(blind_of("files", seen.path, error))
            continue
        kept.headers[key] = header
        if header is None:
            other.append(seen)
        else:
            known.append(_hashed(host, Recognised(seen=seen, header=header), kept.digests, options, blind))
    try:
        kept.digests.save()
    except OSError as error:
        options.log("digest_cache_not_written", path=options.digests, reason=str(error))
    return build_models(known, other), tuple(blind)


def _header(host: Host, seen: FileSeen, siblings: Mapping[str, set[str]], options: ScanOptions) -> ModelHeader | None:
    with open_seen(host, seen) as reader:
        found = recognise(seen, reader, siblings.get(seen.path.rpartition("/")[0], ()))
        options.pace(reader.spent)
    return None if found is None else found.header


def _hashed(host: Host, found: Recognised, digests: Digests, options: ScanOptions, blind: list[Blind]) -> Recognised:
    """Add the digest where it was asked for, or costs next to nothing."""
    seen = found.seen
    if (
        not options.hash_all
        and not digests.known(seen)
        and (seen.size > options.hash_limit or found.header.role != "model")
    ):
        return found
    options.progress(f"hashing {seen.path}")
    try:
        return replace(found, seen=replace(seen, sha256=digests.of(host, seen, options.pace), computed=True))
    except (OSError, AiguardError) as error:
        blind.append(blind_of("digest", seen.path, error))
        return found


def _siblings(files: Iterable[FileSeen]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for seen in files:
        folder, _slash, name = seen.path.rpartition("/")
        found.setdefault(folder, set()).add(name.lower())
    return found


def ask(
    host: Host,
    facts: HostFacts,
    models: Sequence[ModelFile],
    options: ScanOptions,
    index: Index,
    known: Iterable[HttpAnswer] = (),
) -> tuple[HttpAnswer, ...]:
    """Ask in rounds, until nothing is left to learn or the time for all rounds together is over.

    `known` are answers that still hold: what they told is not asked again. They are returned with the new ones.
    """
    recording = None if host.live else _recording(host)
    deadline = time.monotonic() + options.budget.total_seconds
    answers = list(known)
    for number in range(ROUNDS):
        left = deadline - time.monotonic()
        wanted = questions(View(facts, answers, models), index)
        wanted = wanted[: options.questions(len(wanted))]
        if not wanted or left <= 0:
            break
        options.progress(f"asking {len({target for target, _request in wanted})} sockets, round {number + 1}")
        before = len(answers)
        answers += ask_all(
            wanted,
            replace(options.budget, total_seconds=left),
            live=host.live,
            pid_alive=lambda target: _alive(host, target),
            recording=recording,
        )
        told = sum(answer.status is not None for answer in answers[before:])
        options.log("asked", round=number + 1, questions=len(wanted), answered=told)
    return tuple(answers)


def _recording(host: Host) -> Recording:
    try:
        return read_recording(host.data(f"/{RECORDED_ANSWERS}", limit=16 << 20))
    except FileNotFoundError:
        return Recording()


def _alive(host: Host, target: Target) -> bool:
    """Tell whether the pid is still the process that owned the socket."""
    try:
        stat = host.data(f"/proc/{target.pid}/stat", limit=4096)
    except OSError:
        return False
    fields = stat.rpartition(b")")[2].split()
    return len(fields) > 19 and fields[19] == str(target.start_ticks).encode()


def judged(estate: Estate, inventory: Inventory | None, options: ScanOptions) -> ScanReport:
    """Compare with the inventory, run the rules, apply waivers and thresholds."""
    today = datetime.fromtimestamp(estate.taken_at, UTC).date().isoformat()
    approvals = match_estate(inventory, estate, today=today)
    known = Known(inventory=inventory, inventory_path=options.inventory, approvals=approvals, today=today)
    decision = decide(
        remapped(judge(estate, known, enabled_rules(options.disabled_rules)), dict(options.remap)),
        inventory.waivers if inventory else (),
        today=today,
        min_severity=options.min_severity,
        min_confidence=options.min_confidence,
    )
    return ScanReport(
        agent_version=__version__,
        estate=estate,
        findings=decision.findings,
        approvals=approvals,
        suppressed=decision.suppressed,
    )


def all_rules() -> tuple[Rule, ...]:
    """Return every rule there is, by id."""
    return discover(rules_package, "RULE", Rule)


def enabled_rules(disabled: Collection[str] = ()) -> tuple[Rule, ...]:
    """Return the rules that run: not those in the sandbox, which have not proved themselves, nor the disabled ones."""
    return tuple(rule for rule in all_rules() if rule.maturity is not Maturity.SANDBOX and rule.id not in disabled)
