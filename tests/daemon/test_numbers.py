"""What the agent counts about itself."""

from __future__ import annotations

from aiguard_agent.agent import all_signatures
from aiguard_agent.core.facts import CollectorRun
from aiguard_agent.daemon.numbers import Numbers, process_numbers, vocabulary
from aiguard_agent.identify.index import Index
from aiguard_agent.metrics.selfreport import ConfigNumbers
from aiguard_agent.watch.life import Proof, SourceState

STATE = SourceState(
    name="listen_diff", up=True, since=1.0, words="", proof=Proof.OK, latency=0.0, opened=1, events=7, lost=2
)


def test_looks_are_counted_by_what_asked_for_them() -> None:
    """Each look adds one, and its phases to their durations."""
    numbers = Numbers()
    run = CollectorRun(name="processes", seconds=0.1, ok=True)
    for trigger in ("hint", "hint", "timer"):
        numbers.ran(trigger, {"collect": 0.25, "whole": 0.5}, (run,))

    report = numbers.report((STATE,), None, ConfigNumbers(generation=3, ok=True, loaded_at=5.0))

    assert dict(report.scans) == {"hint": 2, "timer": 1}
    assert set(report.durations) == {"collect", "whole"}
    assert report.collectors == (run,)
    assert [(one.name, one.up, one.events, one.losses) for one in report.watchers] == [("listen_diff", True, 7, 2)]
    assert report.config is not None and report.config.generation == 3


def test_a_report_does_not_change_later() -> None:
    """Counters go on, what was reported stays."""
    numbers = Numbers()
    numbers.hints["file"] += 1
    report = numbers.report((), None, ConfigNumbers(generation=1, ok=True, loaded_at=0.0))
    numbers.hints["file"] += 1

    assert dict(report.hints) == {"file": 1}


def test_our_own_process() -> None:
    """It costs something, has files open and a thread."""
    told = process_numbers(12.0)

    assert told.started_at == 12.0
    assert min(told.cpu_seconds, told.resident, told.open_files, told.threads) > 0


def test_label_values_come_from_closed_sets() -> None:
    """Engines, formats, rules, collectors and watchers are known before anything is seen."""
    words = vocabulary(Index(all_signatures()))

    assert "ollama" in words.engine and "gguf" in words.format
    assert "shadow-server" in words.rule and "sockets" in words.collector and "listen_diff" in words.watcher
