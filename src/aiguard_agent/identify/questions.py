"""Which requests would settle what the listening processes are: pure, from the signatures.

Asked in rounds: what the process leans towards first, or a first look at a process that may be anything; then what
the answers point at. Well-known daemons and bystanders are never asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from aiguard_agent.core.facts import Listener, Process
from aiguard_agent.core.probing import ProbeRequest, Target
from aiguard_agent.identify.answers import key_of
from aiguard_agent.identify.evidence import hit_of, leaning
from aiguard_agent.identify.index import Index
from aiguard_agent.identify.runtime import runs_models
from aiguard_agent.identify.view import View
from aiguard_agent.signatures.schema import Probe, ServerSignature

Question = tuple[Target, ProbeRequest]

FIRST_LOOK = 12
"""Paths asked of a process that may be anything: those that most signatures know."""
PER_LISTENER = 48
"""Requests that one socket gets in one round at most."""

MOST_QUESTIONS = 20_000
"""Requests of one round; more than that no budget pays for, and each takes memory."""


def questions(view: View, index: Index) -> list[Question]:
    """Return the requests not asked yet; empty when nothing is left to learn.

    Every user (and container) has one socket asked, then a second one, and so on: whoever opens a thousand silent
    sockets spends the time of his own other servers before that of anybody else's.
    """
    found: list[tuple[int, list[Question]]] = []
    turns: Counter[tuple[int, str]] = Counter()
    first_look = _first_look(index.signatures)
    for process in view.facts.processes:
        listeners = [x for x in view.listeners(process.pid) if x.port and x.pid == process.pid]
        entry = view.entry(process)
        if not listeners or entry.bystander or entry.daemon:
            continue
        wanted = _wanted(view, process, index)
        curious = not wanted and _may_be_anything(view, process)
        for listener in listeners:
            probes = _probes(wanted, listener)
            if curious:
                probes = [*_hinted(view, process, index.signatures, listener), *first_look]
            batch = list(_fresh(view, process, listener, probes))
            if batch:
                turns[process.uid, process.container] += 1
                found.append((turns[process.uid, process.container], batch))
    found.sort(key=lambda turn: turn[0])
    return [question for _turn, batch in found for question in batch][:MOST_QUESTIONS]


def _wanted(view: View, process: Process, index: Index) -> list[ServerSignature]:
    """Signatures that the process, one of its ancestors, or an answer of its sockets points at."""
    candidates = index.candidates(view, process)
    wanted = [s for s in candidates if leaning(view, process, s) or hit_of(view, process, s)]
    for ancestor in view.ancestors(process):
        candidates = index.candidates(view, ancestor)
        wanted += [s for s in candidates if s not in wanted and hit_of(view, ancestor, s)]
    return wanted


def _may_be_anything(view: View, process: Process) -> bool:
    """Tell whether an unnamed process is worth a first look: an interpreter, or one that runs models."""
    entry = view.entry(process)
    held = bool(view.models_of.get(process.pid)) or process.pid in view.gpu
    return entry.interpreter or held or bool(runs_models(process)) or bool(process.container)


def _probes(wanted: Iterable[ServerSignature], listener: Listener) -> list[Probe]:
    return [probe for s in wanted for probe in s.probes if not probe.ports or listener.port in probe.ports]


def _hinted(view: View, process: Process, signatures: Iterable[ServerSignature], listener: Listener) -> Iterator[Probe]:
    """Naming probes of the products that are installed where the process runs, then of those whose port this is."""
    known = {ecosystem for ecosystem in ("pypi", "npm") if view.has_packages(process, ecosystem)}
    installed, hinted = [], []
    for signature in signatures:
        wanted = {"pypi": signature.packages.pip, "npm": signature.packages.npm}
        if any(view.package(process, eco, name) for eco, names in wanted.items() for name in names):
            installed.append(signature)
        elif listener.port in signature.ports and not any(wanted[ecosystem] for ecosystem in known):
            hinted.append(signature)  # not one that would have to be installed here and is not
    for signature in (*installed, *hinted):
        yield from (probe for probe in signature.probes if probe.match is not None and not probe.post)


def _first_look(signatures: Iterable[ServerSignature]) -> list[Probe]:
    counts: Counter[str] = Counter()
    probes: dict[str, Probe] = {}
    for signature in signatures:
        for path in {probe.get for probe in signature.probes if probe.get and probe.match and not probe.ports}:
            counts[path] += 1
            probes.setdefault(path, next(p for p in signature.probes if p.get == path))
    ranked = sorted(counts, key=lambda path: (-counts[path], path))
    return [probes[path] for path in ranked[:FIRST_LOOK]]


def _fresh(view: View, process: Process, listener: Listener, probes: Iterable[Probe]) -> Iterator[Question]:
    answered = view.answered(listener)
    target = Target(
        pid=process.pid,
        start_ticks=process.start_ticks,
        netns=listener.netns,
        family=listener.family,
        address=listener.address,
        port=listener.port,
    )
    requests: dict[tuple[str, str], ProbeRequest] = {}
    for probe in probes:
        key = key_of(probe)
        if not answered.asked(probe) and (key not in requests or probe.secret):
            requests[key] = request_of(probe)
    for request in list(requests.values())[:PER_LISTENER]:
        yield target, request


def request_of(probe: Probe) -> ProbeRequest:
    """Return the request that a signature's probe stands for."""
    return ProbeRequest(
        path=probe.get or probe.post,
        method="POST" if probe.post else "GET",
        body=probe.body,
        content_type="application/json" if probe.post else "",
        accept=probe.accept or "*/*",
        opt_in=bool(probe.post),
        keep_body=not probe.secret,
    )
