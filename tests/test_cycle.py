"""Looking again and again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aiguard_agent import agent
from aiguard_agent.agent import ScanOptions, all_signatures
from aiguard_agent.collect.digest import Digests
from aiguard_agent.collect.host import Host
from aiguard_agent.cycle import FIRST_RETRY, Cycle, Plan
from aiguard_agent.identify.index import Index
from recorded_host import RecordedHost, gguf

INDEX = Index(all_signatures())


class Clock:
    """A clock that stands until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Scene:
    """A recorded host under a cycle, and what was asked and opened so far."""

    def __init__(self, host: RecordedHost, monkeypatch: pytest.MonkeyPatch) -> None:
        self.host, self.clock = host, Clock()
        self.asked: list[str] = []
        self.opened: list[str] = []
        real_ask, real_open = agent.ask_all, agent.open_seen

        def ask(questions: Any, *rest: Any, **more: Any) -> Any:
            self.asked += [request.path for _target, request in questions]
            return real_ask(questions, *rest, **more)

        def opening(host: Any, seen: Any, *rest: Any) -> Any:
            self.opened.append(seen.path)
            return real_open(host, seen, *rest)

        monkeypatch.setattr(agent, "ask_all", ask)
        monkeypatch.setattr(agent, "open_seen", opening)
        self.plan = Plan(options=ScanOptions(root=str(host.finish())), index=INDEX, ask_again=600)
        self.cycle = Cycle(Host(host.root), Digests(), clock=self.clock)

    def look(self, **more: Any) -> Any:
        self.asked.clear()
        self.opened.clear()
        return self.cycle.look(self.plan, **more)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    host = RecordedHost(tmp_path / "h", hostname="h1")
    host.write("/models/a.gguf", gguf("A"))
    host.process(10, ["/usr/local/bin/ollama", "serve"], listen=["127.0.0.1:11434"], mapped=["/models/a.gguf"])
    host.answer(10, 11434, "/", body="Ollama is running")
    return Scene(host, monkeypatch)


def test_a_quiet_pass_asks_and_opens_nothing(scene: Scene) -> None:
    """The second look finds the same, without a question and without a file opened."""
    first, busy = scene.look(), list(scene.asked)

    second = scene.look()

    assert busy and scene.asked == [] and scene.opened == []
    assert (first.quiet, second.quiet) == (False, True)
    assert [f.key for f in second.report.findings] == [f.key for f in first.report.findings]
    assert second.report.estate.taken_at >= first.report.estate.taken_at


def test_a_server_is_asked_again_after_its_time(scene: Scene) -> None:
    """Not before `ask_again` seconds have passed, and then anew."""
    scene.look()
    scene.clock.now += 599
    assert scene.look().quiet and scene.asked == []

    scene.clock.now += 2
    assert not scene.look().quiet
    assert "/" in scene.asked
    assert scene.cycle.due(scene.plan) == scene.clock.now + 600


def test_a_server_that_does_not_answer_is_asked_soon_then_seldom(scene: Scene) -> None:
    """A server that is still loading is asked again in seconds; one that stays silent less and less often."""
    (scene.host.root / "aiguard-answers.json").write_text("[]")
    waits = []
    for _ in range(4):
        scene.look()
        due = scene.cycle.due(scene.plan)
        assert due is not None
        waits.append(due - scene.clock.now)
        scene.clock.now = due

    assert waits == [FIRST_RETRY, FIRST_RETRY * 2, FIRST_RETRY * 4, FIRST_RETRY * 8]


def test_a_changed_file_is_read_and_others_are_not(scene: Scene) -> None:
    """A swapped model is seen by its inode and times; what did not change stays closed."""
    scene.host.write("/models/b.gguf", gguf("B"))
    scene.look(full=True)
    scene.host.write("/models/a.gguf", gguf("Another"))

    seen = scene.look(full=True)
    assert {model.name for model in seen.report.estate.models} == {"Another", "B"}


def test_a_new_plan_looks_anew(scene: Scene) -> None:
    """A reload is no quiet pass, even when the host did not change."""
    scene.look()
    scene.plan = replace(scene.plan, options=replace(scene.plan.options, probe=False))

    seen = scene.look()

    assert not seen.quiet
    assert seen.report.estate.probed is False


def test_an_answer_does_not_outlive_its_process(scene: Scene) -> None:
    """Another process on the same port is asked, not believed to be the old one."""
    scene.look()
    for entry in (scene.host.root / "proc" / "10").glob("stat"):
        entry.write_text(entry.read_text().replace(" 100 ", " 999 "))

    scene.look(full=True)

    assert "/" in scene.asked


def test_a_hurried_look_asks_for_less_time(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience bounds all questions of one look and each of them; the plan itself stays as it is."""
    budgets: list[Any] = []
    real = agent.ask_all
    monkeypatch.setattr(
        agent, "ask_all", lambda wanted, budget, **more: budgets.append(budget) or real(wanted, budget, **more)
    )

    scene.cycle.look(scene.plan, patience=0.25)
    scene.clock.now += 601
    scene.look()

    hurried, whole = budgets[0], budgets[-1]
    assert hurried.total_seconds <= 0.25 and hurried.request_seconds == 0.25
    assert whole.request_seconds == scene.plan.options.budget.request_seconds > 0.25
