"""Ask many servers at once, each from inside its own network namespace, within one budget.

Every target gets one short-lived thread: a thread that entered a foreign namespace (setns) cannot be trusted to be back
home, so it is never used for anything else, and the main thread never enters one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from aiguard_agent.core.probing import HttpAnswer, ProbeRequest, Target
from aiguard_agent.errors import ProbeRefused
from aiguard_agent.probe.connect import Line
from aiguard_agent.probe.doorway import enter_namespace, own_namespace
from aiguard_agent.probe.policy import Budget, check
from aiguard_agent.probe.replay import Recording, replay

Question = tuple[Target, ProbeRequest]

_GRACE = 0.25
"""Seconds that running threads get to hand in their answer after the budget is spent."""


def ask_all(
    questions: Sequence[Question],
    budget: Budget,
    *,
    live: bool = True,
    pid_alive: Callable[[Target], bool],
    recording: Recording | None = None,
) -> tuple[HttpAnswer, ...]:
    """Return one answer per distinct question, in the order first asked; a failure is an answer with `error` set.

    `pid_alive` tells whether (pid, start_ticks) is still that process; it is called right before connecting, from
    several threads. With `live=False` nothing is asked: the answers come from `recording`, if there is one.
    """
    distinct = tuple(dict.fromkeys(questions))
    answers: dict[Question, HttpAnswer] = {}
    allowed: dict[Target, list[ProbeRequest]] = {}
    for target, request in distinct:
        try:
            check(request, target, allow_posts=budget.allow_posts)
        except ProbeRefused as refusal:
            answers[target, request] = HttpAnswer(target=target, request=request, error=f"policy: {refusal}")
        else:
            allowed.setdefault(target, []).append(request)
    if not live:
        answers |= _by_question(replay((q for q in distinct if q not in answers), recording or Recording()))
    elif allowed:
        answers |= _by_question(_Round(budget=budget, pid_alive=pid_alive).run(allowed))
    return tuple(
        answers.get(q) or HttpAnswer(target=q[0], request=q[1], error="budget: the time for all questions is over")
        for q in distinct
    )


def _by_question(answers: Iterable[HttpAnswer]) -> dict[Question, HttpAnswer]:
    return {(answer.target, answer.request): answer for answer in answers}


@dataclass(kw_only=True)
class _Round:
    """One call of `ask_all` at work: the answers that came so far, and the time when it ends."""

    budget: Budget
    pid_alive: Callable[[Target], bool]
    own: int | None = field(default_factory=own_namespace)
    answers: list[HttpAnswer] = field(default_factory=list)
    end: float = 0.0

    def run(self, allowed: dict[Target, list[ProbeRequest]]) -> tuple[HttpAnswer, ...]:
        self.end = time.monotonic() + self.budget.total_seconds
        free = threading.BoundedSemaphore(max(1, self.budget.parallel))
        threads: list[threading.Thread] = []
        for target, requests in allowed.items():
            if not free.acquire(timeout=max(0.0, self.end - time.monotonic())):
                break
            # A daemon, so that nothing a server does can keep the agent from ending.
            thread = threading.Thread(target=self._visit, args=(target, requests, free), daemon=True, name="probe")
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join(max(0.0, self.end + _GRACE - time.monotonic()))
        return tuple(self.answers)  # list.append is atomic; a thread that is late adds to nobody's answers

    def _visit(self, target: Target, requests: Sequence[ProbeRequest], free: threading.BoundedSemaphore) -> None:
        try:
            if refusal := self._arrive(target):
                self._all(target, requests, refusal)
            else:
                self._interview(target, requests)
        finally:
            free.release()

    def _arrive(self, target: Target) -> str:
        """Get into the target's namespace; return why not, "" when there."""
        if not self.pid_alive(target):
            return "vanished"
        if target.netns == self.own or (target.family == "unix" and target.address.startswith("/")):
            return ""
        if target.netns is None:
            return "denied: its network namespace is hidden"
        try:
            enter_namespace(target, self.pid_alive)
        except (FileNotFoundError, ProcessLookupError):
            return "vanished"
        except OSError as error:
            return f"denied: network namespace {target.netns}: {error.strerror}"
        return ""

    def _interview(self, target: Target, requests: Sequence[ProbeRequest]) -> None:
        line = Line(target, self.budget, self.end, self.pid_alive)
        spoken = False
        lost = {"timeout": 0, "not-http": 0}
        for request in requests:
            if tired := next((word for word, times in lost.items() if times >= self.budget.patience), ""):
                self._all(target, (request,), f"{tired}: skipped after {_count(self.budget.patience)}")
                continue
            if time.monotonic() >= self.end:
                return
            if not self.pid_alive(target):
                self._all(target, (request,), "vanished")
                continue
            answer = line.ask(request)
            self.answers.append(answer)
            spoken = spoken or answer.status is not None
            lost["timeout"] += line.timed_out
            lost["not-http"] += not spoken and not line.timed_out

    def _all(self, target: Target, requests: Sequence[ProbeRequest], error: str) -> None:
        self.answers.extend(HttpAnswer(target=target, request=request, error=error) for request in requests)


def _count(number: int) -> str:
    return {1: "one", 2: "two", 3: "three"}.get(number, str(number))
