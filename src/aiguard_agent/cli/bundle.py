"""Gather what helps to find a fault of the agent, with the host's names taken out."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import platform
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiguard_agent import __version__
from aiguard_agent.cli.health.check import Check, Stand
from aiguard_agent.cli.health.examine import document, examine
from aiguard_agent.cli.health.kernel import RUNTIMES
from aiguard_agent.cli.redaction import Keys, Redactor
from aiguard_agent.cli.state import ledger_of
from aiguard_agent.collect.host import Host
from aiguard_agent.collect.procfs import parse_users
from aiguard_agent.config.keys import Key, keys, value_of
from aiguard_agent.config.schema import Config
from aiguard_agent.config.values import AbsolutePath, Address, ExistingDirectory, ExistingFile, Name, Secret, SecretFile
from aiguard_agent.errors import AiguardError
from aiguard_agent.ledger.history import History
from aiguard_agent.ledger.opening import FILE, LOCK, RESERVE

EVENTS = 200
SUMMED = 100_000
"""Findings and assets that are looked at for the sums."""
_PERSONS = 1000
"""User ids from here on are people's."""
_NOBODY = 65534
_OTHERS = "the host's names (people, paths, hosts, addresses) are hashes"
_TELLING = (AbsolutePath, ExistingFile, ExistingDirectory, Name, Address)
_CHECKS = Keys(words={"schema_version", "area", "name", "state"}, sentences={"found", "next"})
_STATUS = Keys(
    words={"schema_version", "version", "name", "proof", "collector"},
    sentences={"words", "why", "reason", "health", "notes", "metrics", "path"},
)
_EVENT = Keys(
    words={"kind", "turn", "rule", "severity", "confidence", "state", "lane", "product", "category", "format", "auth"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One file of the bundle."""

    name: str
    data: bytes
    holds: str
    removed: str


def gather(host: Host, given: str | None, state: str) -> tuple[Piece, ...]:
    """Return the files of a bundle, the manifest first. What cannot be had is said in its place."""
    checks, config, answer = examine(host, given)
    directory = Path(state or str(config.ledger.directory))
    key, lasting = _key(host)
    redactor = Redactor(key, names=_names(host), paths=_paths(config, state), public=_public())
    pieces = (
        _piece("about.json", _about(), "versions of agent, Python and kernel", "nothing; the host's name is not asked"),
        _piece("config.json", _config(config, redactor), "every key", f"secrets, and where they lie; {_OTHERS}"),
        _piece("doctor.json", _doctor(checks, redactor), "what can be seen from here", _OTHERS),
        _piece("status.json", _status(answer, redactor), "what the running agent answers", f"problems; {_OTHERS}"),
        *_of_ledger(directory, redactor),
    )
    return (_manifest(pieces, lasting=lasting), *pieces)


def packed(pieces: tuple[Piece, ...]) -> bytes:
    """Return them as .tar.gz; owners and times are not in it."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        for piece in pieces:
            member = tarfile.TarInfo(piece.name)
            member.size, member.mode = len(piece.data), 0o600
            archive.addfile(member, io.BytesIO(piece.data))
    return buffer.getvalue()


def _manifest(pieces: tuple[Piece, ...], *, lasting: bool) -> Piece:
    document = {
        "schema_version": "1.0",
        "files": [
            {
                "name": one.name,
                "bytes": len(one.data),
                "sha256": hashlib.sha256(one.data).hexdigest(),
                "holds": one.holds,
                "removed": one.removed,
            }
            for one in pieces
        ],
        "never": ["contents of model files", "command lines", "environment variables", "secrets", "logs"],
        "hashes": "equal names have equal hashes in all bundles of this host" if lasting else "in this bundle alone",
    }
    return _piece("manifest.json", document, "what the other files hold", "nothing")


def _about() -> dict[str, str]:
    kernel = os.uname()
    return {
        "agent": __version__,
        "python": platform.python_version(),
        "kernel": kernel.release,
        "machine": kernel.machine,
        "libc": "-".join(platform.libc_ver()),
    }


def _config(config: Config, redactor: Redactor) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(key, value_of(config, name), redactor)} for name, key in keys().items()]


def _value(key: Key, value: Any, redactor: Redactor) -> Any:
    plain = key.plain(value)
    if value is None or value == key.default:
        return plain
    if key.type in (Secret, SecretFile):
        return "(set)"
    if key.type not in _TELLING:
        return plain
    return [redactor.hash(str(one)) for one in plain] if isinstance(plain, list) else redactor.hash(str(plain))


def _doctor(checks: tuple[Check, ...], redactor: Redactor) -> Any:
    hushed = tuple(
        replace(one, found="(not told: it may quote the document)")
        if one.area == "documents" and one.stand is Stand.MISSING
        else one
        for one in checks
    )
    return redactor.document(document(hushed), _CHECKS)


def _status(answer: Mapping[str, Any], redactor: Redactor) -> Any:
    if not answer:
        return {"error": "no agent answered"}
    config = {**answer.get("config", {})}
    config["problems"] = len(config.get("problems", ()))
    return redactor.document({**answer, "config": config}, _STATUS)


def _of_ledger(directory: Path, redactor: Redactor) -> Iterator[Piece]:
    try:
        with ledger_of(directory) as history:
            kept, summary = _kept(history), _summary(history, redactor)
            events = [_event(one, redactor) for one in history.last_events(EVENTS)]
    except AiguardError as error:
        kept, summary, events = {"error": redactor.sentence(str(error))}, {}, []
    yield _piece(
        "ledger.json", {"files": _sizes(directory), **kept}, "sizes and counts of the ledger", "all that it holds"
    )
    yield _piece("last-look.json", summary, "how much of what was seen last", "what it was, and where")
    lines = "".join(f"{json.dumps(one)}\n" for one in events)
    holds = f"the newest events, {EVENTS} at most, one a line"
    yield Piece(
        name="events.ndjson", data=lines.encode(), holds=holds, removed="all texts but words of the agent's own"
    )


def _event(stored: Any, redactor: Redactor) -> dict[str, Any]:
    event = stored.event
    record = {"number": stored.number, "id": event.id, "time_ms": event.time_ms, "lane": event.lane.value}
    return {**record, "body": redactor.document(dict(event.body), _EVENT)}


def _kept(history: History) -> dict[str, Any]:
    return {
        "events": {lane.value: count for lane, count in history.events_kept().items()},
        "losses": [{"lane": o.lane.value, "reason": o.reason, "total": o.total} for o in history.losses()],
        "findings": Counter(past.state.value for past in history.findings(resolved=True, limit=SUMMED)),
    }


def _summary(history: History, redactor: Redactor) -> Any:
    findings, assets = history.findings(limit=SUMMED), history.assets(limit=SUMMED)
    products = Counter(str(one.document.get("product") or one.document.get("format") or "") for one in assets)
    return {
        "last_seen": max((past.last_seen for past in findings), default=None),
        "assets": Counter(one.kind for one in assets),
        "products": redactor.document(dict(products), Keys()),
        "severities": Counter(past.finding.severity.word for past in findings),
        "rules": redactor.document(dict(Counter(past.finding.rule for past in findings)), Keys()),
    }


def _sizes(directory: Path) -> dict[str, int | None]:
    """Return the sizes of the ledger's own files; None = not there, or not ours to see."""
    found: dict[str, int | None] = {}
    for name in (FILE, f"{FILE}-wal", f"{FILE}-shm", RESERVE, LOCK):
        try:
            found[name] = (directory / name).lstat().st_size
        except OSError:
            found[name] = None
    return found


def _piece(name: str, document: Any, holds: str, removed: str) -> Piece:
    return Piece(name=name, data=(json.dumps(document, indent=2) + "\n").encode(), holds=holds, removed=removed)


def _key(host: Host) -> tuple[bytes, bool]:
    """Return the key of the hashes, and whether the next bundle will have the same."""
    try:
        machine = host.text("/etc/machine-id", 64).strip()
    except OSError:
        machine = ""
    if not machine:
        return os.urandom(32), False
    return hashlib.sha256(f"aiguard-agent support-bundle {machine}".encode("utf-8", "surrogatepass")).digest(), True


def _names(host: Host) -> set[str]:
    """Return what this host and its people are called."""
    whole = os.uname().nodename
    names = {whole, whole.partition(".")[0], os.environ.get("SUDO_USER", "")}
    try:
        users = parse_users(host.text("/etc/passwd"))
    except OSError:
        users = {}
    names |= {name for uid, name in users.items() if uid >= _PERSONS and uid != _NOBODY}
    return names - {"", "root"}


def _paths(config: Config, state: str) -> set[str]:
    """Return the paths that the configuration names: they may hold blanks, which a search would stop at."""
    found = {state, os.environ.get("AIGUARD_CONFIG", "")} - {""}
    for name, key in keys().items():
        value = value_of(config, name)
        if value is not None and key.type in _TELLING[:3]:
            found |= set(map(str, value)) if key.shape == "list" else {str(value)}
    return {str(one) for path in found for one in (path, *Path(path).parents) if one == path or " " in str(one)}


def _public() -> set[str]:
    """Return the paths that are the same on every host."""
    defaults = {str(key.default) for key in keys().values() if key.shape == "one" and key.type in _TELLING[:3]}
    found = {"/etc/aiguard-agent/config.yaml", *defaults, *(path for pair in RUNTIMES.values() for path in pair)}
    return {one for path in found if path.startswith("/") for one in (path, str(Path(path).parent), f"{path}/{FILE}")}
