"""Recommendations for signature authors; `aiguard-agent signatures lint` prints them, the bundled ones have none."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date

from aiguard_agent.signatures.schema import Condition, Probe, ServerSignature
from aiguard_agent.signatures.slowness import patterns_of, slow

GENERIC_WORDS = frozenset({"status", "ok", "version", "message", "detail", "error", "name", "models", "data", "health"})
"""JSON keys that anybody's answer has."""
GENERIC_BODIES = frozenset({"ok", "healthy", "pong", "fastapi", "uvicorn", "swagger ui", "true", "{}", "ready"})


def lint(signature: ServerSignature, known: Collection[str] = ()) -> list[str]:
    """Return the recommendations for one signature; `known` are all ids, empty = references are not looked at."""
    rules = (_process, _slow, _probes, _readers)
    return [*(words for rule in rules for words in rule(signature)), *_words(signature, known)]


def _process(signature: ServerSignature) -> Iterator[str]:
    for pattern in signature.process.cmdline:
        if len(re.sub(r"\\[bBsSwWdD]|[^a-zA-Z0-9]", "", pattern)) < 4:
            yield f"cmdline {pattern!r}: give at least four letters of the product's own, others' lines match it"
        if pattern.startswith(".*"):
            yield f"cmdline {pattern!r}: drop the leading .*, search() finds it anywhere"
    both = {n.lower() for n in signature.process.exe} & {n.lower() for n in signature.process.exe_weak}
    if both:
        yield f"exe {sorted(both)}: is either strong or weak, not both"


def _slow(signature: ServerSignature) -> Iterator[str]:
    for pattern in patterns_of(signature):
        if words := slow(pattern):
            yield f"pattern {pattern!r}: {words}"


def _probes(signature: ServerSignature) -> Iterator[str]:
    for probe in signature.probes:
        if probe.match is not None and not _says_something(probe.match):
            yield f"probe {probe.id}: a bare status names nothing; test JSON, body or header, or drop match"
        elif probe.match is not None and probe.rank == "unique" and _is_generic(probe.match):
            yield f"probe {probe.id}: others answer so too; set rank: shared or add a test that only it passes"
        if probe.post and probe.body and len(probe.body) > 1024:
            yield f"probe {probe.id}: keep a body under 1 KiB"


def _says_something(match: Condition) -> bool:
    return bool(match.json or match.body or match.header)


def _is_generic(match: Condition) -> bool:
    if match.header or len(match.json) > 1:
        return False
    if match.body:
        return all(text.strip().lower() in GENERIC_BODIES for text in match.body)
    return all(re.fullmatch(r"[\w\[\].]+", test) is not None and _last(test) in GENERIC_WORDS for test in match.json)


def _last(path: str) -> str:
    return path.replace("[]", "").rpartition(".")[2]


def _readers(signature: ServerSignature) -> Iterator[str]:
    seen_http = False
    for reader in signature.version:
        seen_http = seen_http or bool(reader.probe)
        if (reader.package or reader.npm) and seen_http:
            yield "version: read package metadata before HTTP, answers can lie"
    used = {r.probe for r in signature.version} | {r.probe for r in signature.models} | set(signature.open_routes)
    used |= {r.probe for r in signature.auth}
    for probe in signature.probes:
        if probe.match is None and probe.id not in used:
            yield f"probe {probe.id}: nobody reads its answer; drop it"
    if any(reader.always for reader in signature.auth[:-1]):
        yield "auth: a reader after `always` is never reached"


def _words(signature: ServerSignature, known: Collection[str]) -> Iterator[str]:
    try:
        date.fromisoformat(signature.verified_on.date)
    except ValueError:
        yield f"verified_on.date: {signature.verified_on.date!r} is no ISO date"
    if signature.maturity == "stable" and signature.verified_on.how in {"reported", "memory"}:
        yield "maturity: stable needs verified_on.how live or source"
    if not _names(signature):
        yield "nothing names it: give exe, cmdline, python_module, image, path or a unique probe"
    for name in signature.emulates:
        if known and name not in known:
            yield f"emulates: no signature {name!r}"


def _names(signature: ServerSignature) -> bool:
    process, packages = signature.process, signature.packages
    strong = process.exe or process.cmdline or process.python_module or process.java_class
    return bool(strong or process.exe_weak or packages.image or packages.path or any(map(_matches, signature.probes)))


def _matches(probe: Probe) -> bool:
    return probe.match is not None
