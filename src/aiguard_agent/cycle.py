"""One host, looked at again and again: a quiet pass asks nothing, opens nothing, and costs next to nothing.

`agent` knows how to look once; this remembers between looks what was read and asked, and when it has to be again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from aiguard_agent.agent import Kept, ScanOptions, assemble, judged, look
from aiguard_agent.collect.digest import Digests
from aiguard_agent.collect.host import Host
from aiguard_agent.core.assets import Estate
from aiguard_agent.core.facts import Blind, HostFacts
from aiguard_agent.core.probing import HttpAnswer, Target
from aiguard_agent.core.report import ScanReport
from aiguard_agent.identify.index import Index
from aiguard_agent.inventory.schema import Inventory

FIRST_RETRY = 5.0
"""Seconds after which a server that did not answer (it was still loading) is asked again; doubled each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to look; a reload replaces it whole."""

    options: ScanOptions
    index: Index
    inventory: Inventory | None = None
    ask_again: float = 900.0
    """Seconds after which a server that has answered is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What one look brought."""

    report: ScanReport
    facts: HostFacts
    seconds: dict[str, float] = field(default_factory=dict)
    """By phase: `collect`, `identify`, `judge`, `whole`."""
    quiet: bool = False
    """True when nothing had changed, so that nothing was identified anew."""


@dataclass(slots=True)
class _Asked:
    at: float
    failures: int = 0


class Cycle:
    """Looks again and again. One thread calls `look`."""

    def __init__(self, host: Host, digests: Digests, clock: Callable[[], float] = time.monotonic) -> None:
        self.host = host
        self._clock = clock
        self._kept = Kept(digests=digests)
        self._asked: dict[Target, _Asked] = {}
        self._last: tuple[Plan, HostFacts, Estate] | None = None

    def look(
        self, plan: Plan, *, full: bool = False, blind: Iterable[Blind] = (), patience: float | None = None
    ) -> Pass:
        """Look once. `full` forgets first what was remembered of processes, stores and files, not what was asked.

        `blind` is what somebody else could not see (live sources); it is judged with the rest. `patience` are seconds
        for all questions, where the plan's own would make others wait; who does not answer in it is asked again later.
        """
        started = self._clock()
        if full:
            self.host = Host(self.host.root)
            self._kept.headers = {}
            self._last = None
        facts = look(self.host, plan.options, plan.index)
        collected = self._clock()
        estate = self._unchanged(plan, facts)
        quiet = estate is not None
        if estate is None:
            self._kept.answers = tuple(self._holding(plan, facts))
            held = {answer.target for answer in self._kept.answers}
            estate = assemble(self.host, facts, _hurried(plan.options, patience), plan.index, self._kept)
            self._note_asked(held)
        identified = self._clock()
        whole = replace(estate, blind=tuple(dict.fromkeys((*estate.blind, *blind))))
        report = judged(whole, plan.inventory, plan.options)
        ended = self._clock()
        self._last = (plan, facts, estate)
        return Pass(
            report=replace(
                report,
                duration_ms=round((ended - started) * 1000),
                kernel=facts.kernel,
                boot_id=facts.boot_id,
                inventory=plan.options.inventory,
                notes=facts.notes,
            ),
            facts=facts,
            seconds={
                "collect": collected - started,
                "identify": identified - collected,
                "judge": ended - identified,
                "whole": ended - started,
            },
            quiet=quiet,
        )

    def due(self, plan: Plan) -> float | None:
        """Return when the next server is to be asked again, by the clock; None = nobody was asked."""
        return min((self._until(plan, asked) for asked in self._asked.values()), default=None)

    def _unchanged(self, plan: Plan, facts: HostFacts) -> Estate | None:
        """Return the estate of the last look when nothing that it was made of has changed."""
        if self._last is None or self._last[0] is not plan:
            return None
        _plan, before, estate = self._last
        due = self.due(plan)
        if plan.options.probe and due is not None and due <= self._clock():
            return None
        return replace(estate, taken_at=facts.taken_at) if _told(before) == _told(facts) else None

    def _holding(self, plan: Plan, facts: HostFacts) -> Iterable[HttpAnswer]:
        """Answers that still hold: young enough, and of a process that still owns the socket."""
        now = self._clock()
        born = {process.pid: process.start_ticks for process in facts.processes}
        owned = {(x.netns, x.family, x.address, x.port, pid) for x in facts.listeners for pid in (x.pid, *x.pids)}
        for answer in self._kept.answers:
            target = answer.target
            asked = self._asked.get(target)
            there = (target.netns, target.family, target.address, target.port, target.pid) in owned
            if asked and now < self._until(plan, asked) and there and born.get(target.pid) == target.start_ticks:
                yield answer

    def _until(self, plan: Plan, asked: _Asked) -> float:
        if not asked.failures:
            return asked.at + plan.ask_again
        return asked.at + min(plan.ask_again, FIRST_RETRY * 2.0 ** (asked.failures - 1))

    def _note_asked(self, held: set[Target]) -> None:
        """Write down who was asked in this look, and who did not answer; those that were not asked stay as they are."""
        now = self._clock()
        told: dict[Target, list[HttpAnswer]] = {}
        for answer in self._kept.answers:
            told.setdefault(answer.target, []).append(answer)
        before, self._asked = self._asked, {}
        for target, answers in told.items():
            if target in held:
                self._asked[target] = before[target]
                continue
            failed = all(answer.status is None or answer.status >= 500 for answer in answers)
            failures = before[target].failures + 1 if target in before else 1
            self._asked[target] = _Asked(at=now, failures=failures if failed else 0)


def _hurried(options: ScanOptions, patience: float | None) -> ScanOptions:
    if patience is None:
        return options
    budget = options.budget
    hurried = replace(
        budget,
        total_seconds=min(budget.total_seconds, patience),
        request_seconds=min(budget.request_seconds, patience),
    )
    return replace(options, budget=hurried)


def _told(facts: HostFacts) -> tuple[object, ...]:
    """What an estate is made of; times of the look itself are not."""
    return (
        facts.processes,
        facts.listeners,
        facts.namespaces,
        facts.files,
        facts.containers,
        facts.environments,
        facts.gpus,
        facts.blind,
        facts.stores,
        facts.rootless,
    )
