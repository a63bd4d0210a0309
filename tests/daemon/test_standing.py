"""The loop of the daemon, on recorded hosts; tests/e2e/test_daemon.py has the real ones."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aiguard_agent.config.generations import Generations
from aiguard_agent.config.load import load
from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.daemon import standing as module
from aiguard_agent.daemon.standing import Standing, rule_ids
from aiguard_agent.errors import LedgerBusy
from aiguard_agent.ledger.store import open_ledger
from recorded_host import RecordedHost

CONFIG = """\
ledger: {{directory: {0}/state, reserve: 1MiB, keep_free: 1MiB}}
status: {{socket: off}}
metrics: {{listen: off, textfile: {0}/agent.prom}}
scan: {{inventory: off, stores: false}}
{1}
"""
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def standing(folder: Path, more: str = "") -> Standing:
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(folder, more))
    host = RecordedHost(folder / "host", hostname="h1")
    host.process(10, ["/usr/local/bin/ollama", "serve"], listen=["127.0.0.1:11434"])
    host.answer(10, 11434, "/", body="Ollama is running")
    host.finish()
    rules = rule_ids()
    return Standing(config, Generations(load(config, {}, rules=rules), rules=rules), environ={}, root=str(host.root))


def hint(kind: HintKind, path: str = "") -> Hint:
    return Hint(source="x", kind=kind, subject="s", at=1.0, path=path)


def test_a_run_from_start_to_end(tmp_path: Path) -> None:
    """Told to end, it returns 0; what it found is in the ledger, its text file is gone."""
    agent = standing(tmp_path)
    threading.Timer(1.0, signal.raise_signal, (signal.SIGTERM,)).start()

    assert agent.run() == 0
    with open_ledger(tmp_path / "state", now=1.0) as ledger:
        subjects = {found.subject for found in ledger.history().last_findings()}
    assert "ollama@h1:11434" in subjects
    assert not (tmp_path / "agent.prom").exists()


def test_a_second_agent_leaves_the_first_ones_files_alone(tmp_path: Path) -> None:
    """Refused for the lock, it takes nothing away that is not its own."""
    agent = standing(tmp_path)
    (tmp_path / "agent.prom").write_text("of the first")
    with open_ledger(tmp_path / "state", now=1.0), pytest.raises(LedgerBusy):
        agent.run()

    assert (tmp_path / "agent.prom").read_text() == "of the first"


class Looks:
    """Which looks were asked for."""

    def __init__(self, agent: Standing, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[tuple[str, bool]] = []
        real = agent._look

        def look(trigger: str, *, full: bool = False) -> None:
            self.made.append((trigger, full))
            real(trigger, full=full)

        monkeypatch.setattr(agent, "_look", look)


def test_files_without_end_earn_one_full_look_in_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is looked at once, those that follow together and later; a hint that was lost does not wait."""
    agent = standing(tmp_path)
    agent._look("start", full=True)
    agent._earliest_full = 0.0
    looks = Looks(agent, monkeypatch)

    for _ in range(5):
        agent._wake([hint(HintKind.FILE, "/m/a.gguf")])
    assert looks.made == [("hint", True)]
    assert agent._asked_full is not None and agent._asked_full > time.monotonic()
    agent._asked_full = time.monotonic()
    agent._wake([])
    agent._wake([hint(HintKind.LOST)])

    assert looks.made == [("hint", True), ("hint", True), ("lost", True)]


def test_nothing_happens_without_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No hint, or one about a process of no concern: no look."""
    agent = standing(tmp_path, "probe: {enabled: false}")
    agent._look("start", full=True)
    looks = Looks(agent, monkeypatch)

    agent._wake([])
    agent._wake([hint(HintKind.PROCESS)])
    assert looks.made == []
    agent._wake([hint(HintKind.LISTENER)])
    assert looks.made == [("hint", False)]


@pytest.mark.parametrize("bad", ["][", "status: {socket: /x, group: no-such-group}\n", "scan: {inventory: /nowhere}\n"])
def test_a_bad_configuration_changes_nothing(tmp_path: Path, bad: str) -> None:
    """Plan, generation and doors stay; the finding is there until a good one comes, which counts as the next."""
    agent = standing(tmp_path)
    plan, good = agent._plan, (tmp_path / "config.yaml").read_text()
    (tmp_path / "config.yaml").write_text(bad)

    agent._reload()
    assert agent._plan is plan and agent._generations.number == 1
    assert "config-refused" in {found.rule for found in agent._report.findings}  # type: ignore[union-attr]
    (tmp_path / "config.yaml").write_text(good)
    agent._reload()
    agent._sources.close()

    assert agent._generations.number == 2
    assert "config-refused" not in {found.rule for found in agent._report.findings}  # type: ignore[union-attr]
    agent._files_at = 0.0
    assert not agent._files_changed()


def test_too_large_drops_caches_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its memory the agent forgets what it can; if that was not enough, it asks to be started again."""
    agent = standing(tmp_path)
    looks = Looks(agent, monkeypatch)
    monkeypatch.setattr(module, "resident", lambda: 1 << 40)

    assert (agent._too_large(), looks.made) == (False, [("memory", True)])
    assert agent._too_large() is True
    monkeypatch.setattr(module, "resident", lambda: 1 << 20)
    assert agent._too_large() is False


def test_a_signal_to_end_interrupts_a_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is asked questions and says nothing does not keep the agent from ending."""
    agent = standing(tmp_path)

    def endless(*_: Any, **__: Any) -> Any:
        signal.raise_signal(signal.SIGTERM)
        raise AssertionError("the look went on")

    monkeypatch.setattr(agent._cycle, "look", endless)

    assert agent.run() == 0
