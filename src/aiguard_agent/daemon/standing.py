"""The daemon: hints and a timer wake it, a look is the truth, the ledger keeps what it found.

sources ┄hints┄> loop ── look (cycle) ──> ledger (findings, assets, events in one transaction)
                  │                          └> metrics, status
                  └ SIGHUP or a changed file: the candidate is read and checked whole, then takes over, or not
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from aiguard_agent import __version__
from aiguard_agent.agent import all_rules
from aiguard_agent.collect.candidates import named_like_model
from aiguard_agent.collect.digest import Digests
from aiguard_agent.collect.host import Host
from aiguard_agent.config.generations import Generations, Refused
from aiguard_agent.config.schema import Config
from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.core.report import ScanReport
from aiguard_agent.cycle import Cycle, Pass, Plan
from aiguard_agent.daemon.door import Door
from aiguard_agent.daemon.limits import Bucket, resident
from aiguard_agent.daemon.logs import set_up
from aiguard_agent.daemon.notify import Notifier
from aiguard_agent.daemon.numbers import Numbers, vocabulary
from aiguard_agent.daemon.plan import group_id, ledger_limits, metrics_settings, plan_of, watch_settings
from aiguard_agent.daemon.telling import refused_config, status_document, status_words
from aiguard_agent.daemon.worth import pids_of, worth_a_look
from aiguard_agent.errors import AiguardError
from aiguard_agent.identify.interest import interest
from aiguard_agent.ledger.change import change_of
from aiguard_agent.ledger.store import Ledger, open_ledger
from aiguard_agent.metrics import textfile
from aiguard_agent.metrics.board import Board
from aiguard_agent.metrics.selfreport import ConfigNumbers, LedgerNumbers, SelfReport
from aiguard_agent.metrics.serve import Endpoint
from aiguard_agent.watch.choose import Choice, choose
from aiguard_agent.watch.conditions import all_watchers
from aiguard_agent.watch.conditions import look as conditions
from aiguard_agent.watch.run import Watch

TICK = 0.5
"""Seconds between two looks at signals, timers and the watchdog while nothing happens."""
FILES_EVERY = 2.0
"""Seconds between two looks at whether a configuration file changed."""
LONGEST_PAUSE = 30.0
"""Seconds that a spent CPU budget may delay a look."""
RESTART_CODE = 75
"""Exit code when the agent has to begin afresh (memory); systemd restarts it."""


class Standing:
    """One running agent, from `run` to its return."""

    def __init__(
        self, path: Path, generations: Generations, *, environ: Mapping[str, str] = os.environ, root: str = "/"
    ) -> None:
        self._path, self._generations, self._environ, self._root = path, generations, environ, root
        config = generations.config
        self._log: Any = set_up(config.log.format, config.log.level, config.log.rate_limit)
        self._notify = Notifier(environ)
        self._numbers = Numbers()
        self._signals: set[int] = set()
        self._refused: tuple[str, ...] = ()
        self._loaded_at = time.time()
        self._files = self._stamp()
        self._files_at = 0.0
        self._set_budgets(config)
        self._plan = self._make_plan(config)
        self._cycle = Cycle(Host(root), Digests(Path(str(config.ledger.directory)) / "digests.json"))
        self._interesting = interest(self._plan.index)
        self._report: ScanReport | None = None
        self._pids: frozenset[int] = frozenset()
        self._cpu = time.process_time()
        self._next = self._next_full = 0.0
        self._watch: Watch | None = None
        self._choice: Choice | None = None
        self._ledger: Ledger | None = None
        self._endpoint: Endpoint | None = None
        self._door: Door | None = None
        self._board = Board(self.self_report, vocabulary(self._plan.index))

    def run(self) -> int:
        """Open everything, look until told to end, close everything; returns an exit code. Raises AiguardError."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._hear)
        config = self._generations.config
        try:
            self._ledger = open_ledger(
                Path(str(config.ledger.directory)), now=time.time(), limits=ledger_limits(config)
            )
            for note in self._ledger.notes:
                self._log.warning("ledger_note", what=note.what, words=note.words)
            self._open_watch(config)
            self._open_doors(config)
            self._look("start", full=True)
            self._notify.ready(self._words())
            self._log.info("ready", version=__version__, generation=self._generations.number)
            return self._loop()
        finally:
            self._notify.stopping()
            self._close()
            self._log.info("stopped")

    def self_report(self) -> SelfReport:
        """Return what the agent counts about itself, for metrics."""
        sources = self._watch.states() if self._watch else ()
        ledger = None
        if self._ledger is not None:
            size = self._ledger.size()
            ledger = LedgerNumbers(size=size.file * 4096, limit=size.cap * 4096, degraded=bool(self._ledger.health))
        config = ConfigNumbers(generation=self._generations.number, ok=not self._refused, loaded_at=self._loaded_at)
        return self._numbers.report(sources, ledger, config)

    def status(self) -> dict[str, Any]:
        """Return what `aiguard-agent status` shows."""
        return status_document(
            own=self.self_report(),
            report=self._report,
            sources=self._watch.states() if self._watch else (),
            passed=self._choice.passed if self._choice else (),
            ledger=self._ledger,
            config={"path": str(self._path), "problems": list(self._refused)},
            metrics=self._endpoint.addresses if self._endpoint else (),
        )

    # the loop

    def _loop(self) -> int:
        while not self._signals & {signal.SIGTERM, signal.SIGINT}:
            hints = self._watch.take(TICK) if self._watch else ()
            for hint in hints:
                self._numbers.hints[str(hint.kind)] += 1
            if signal.SIGHUP in self._signals or self._files_changed():
                self._signals.discard(signal.SIGHUP)
                self._reload()
            self._wake(hints)
            self._notify.alive(self._words())
            if self._too_large():
                return RESTART_CODE
        return 0

    def _wake(self, hints: Collection[Hint]) -> None:
        """Look when a hint is worth it, when the time has come, when a server is to be asked again."""
        now = time.monotonic()
        due = self._cycle.due(self._plan)
        lost = any(hint.kind is HintKind.LOST for hint in hints)
        if now >= self._next_full:
            self._look("timer", full=True)
        elif lost:
            self._look("lost", full=True)
        elif any(hint.kind is HintKind.FILE for hint in hints):
            self._look("hint", full=True)
        elif worth_a_look(hints, self._cycle.host, self._interesting, self._pids):
            self._look("hint")
        elif now >= self._next or (self._plan.options.probe and due is not None and now >= due):
            self._look("timer")

    def _look(self, trigger: str, *, full: bool = False) -> None:
        self._pause()
        seen = self._cycle.look(self._plan, full=full, blind=self._watch.blinds() if self._watch else ())
        self._numbers.ran(trigger, seen.seconds, seen.facts.runs)
        config = self._generations.config
        self._next = time.monotonic() + float(config.watch.reconcile_interval)
        if full:
            self._next_full = time.monotonic() + float(config.watch.full_reconcile_interval)
        self._take_over(seen)

    def _take_over(self, seen: Pass) -> None:
        """Write down what was seen, then tell it."""
        report = replace(seen.report, findings=(*seen.report.findings, *refused_config(self._refused, self._path)))
        self._report, self._pids = report, pids_of(report)
        if self._ledger is not None:
            whole = all(run.ok for run in seen.facts.runs)
            recorded = self._ledger.record(replace(change_of(report), whole=whole))
            self._ledger.flush()
            if recorded.failure:
                self._log.error("not_recorded", reason=recorded.failure)
            for event in recorded.events:
                self._log.info("event", id=event.id, lane=str(event.lane), body=dict(event.body))
        self._board.publish(report)
        self._write_textfile()

    # limits

    def _set_budgets(self, config: Config) -> None:
        share = float(config.budget.cpu) / 100
        self._cpu_bucket = Bucket(rate=share, burst=share * 60)
        self._bytes = Bucket(rate=int(config.budget.read_rate), burst=int(config.budget.read_rate) * 10)
        self._questions = Bucket(
            rate=config.budget.probes_per_minute / 60, burst=max(1000, config.budget.probes_per_minute)
        )

    def _pause(self) -> None:
        """Wait while the CPU budget is overdrawn: late is better than in the way."""
        now = time.process_time()
        self._cpu_bucket.spend(now - self._cpu)
        self._cpu = now
        wait = min(self._cpu_bucket.debt(), LONGEST_PAUSE)
        if wait > 0.01:
            self._numbers.throttled["cpu"] += wait  # type: ignore[assignment]
            self._log.info("throttled", budget="cpu", seconds=round(wait, 2))
            self._sleep(wait)

    def _pace(self, count: int) -> None:
        self._bytes.spend(count)
        wait = min(self._bytes.debt(), LONGEST_PAUSE)
        if wait > 0.01:
            self._numbers.throttled["bytes"] += wait  # type: ignore[assignment]
            self._sleep(wait)

    def _grant(self, wanted: int) -> int:
        given = self._questions.grant(wanted)
        if given < wanted:
            self._log.info("throttled", budget="probes", left=wanted - given)
        return given

    def _sleep(self, seconds: float) -> None:
        """Sleep in pieces, saying that we live, and not longer than a signal to end allows."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self._signals & {signal.SIGTERM, signal.SIGINT}:
            time.sleep(min(left, TICK))
            self._notify.alive()

    def _too_large(self) -> bool:
        limit = int(self._generations.config.budget.memory_max)
        if (size := resident()) <= limit:
            return False
        self._log.error("too_large", resident=size, limit=limit)
        return True

    # configuration

    def _make_plan(self, config: Config) -> Plan:
        return plan_of(config, log=self._log.debug, pace=self._pace, questions=self._grant, root=self._root)

    def _reload(self) -> None:
        """Take a changed configuration over, whole or not at all."""
        self._notify.reloading()
        self._files = self._stamp()
        outcome = self._generations.propose(self._path, self._environ)
        if isinstance(outcome, Refused):
            self._refused = outcome.problems
            self._log.error("config_refused", problems=list(outcome.problems), generation=outcome.number)
        else:
            try:
                self._plan = self._make_plan(outcome.config)
            except AiguardError as error:
                self._refused = tuple(str(error).splitlines())
                self._log.error("config_refused", problems=list(self._refused), generation=outcome.number)
            else:
                self._refused, self._loaded_at = (), time.time()
                self._take_effect(outcome.config)
                self._log.info("config_taken_over", generation=outcome.number, changed=list(outcome.changed))
        self._look("reload")
        self._notify.ready(self._words())

    def _take_effect(self, config: Config) -> None:
        self._log = set_up(config.log.format, config.log.level, config.log.rate_limit)
        self._set_budgets(config)
        self._interesting = interest(self._plan.index)
        self._close_doors()
        self._open_watch(config)
        self._open_doors(config)

    def _stamp(self) -> dict[str, tuple[int, int, int]]:
        """What tells that a file of the configuration changed: the inventory counts as one."""
        loaded = self._generations.loaded
        names = {*loaded.files, str(self._path), str(loaded.config.scan.inventory or "")} - {""}
        found = {}
        for name in names:
            try:
                stat = Path(name).stat()
            except OSError:
                continue
            found[name] = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        return found

    def _files_changed(self) -> bool:
        now = time.monotonic()
        if now < self._files_at:
            return False
        self._files_at = now + FILES_EVERY
        return self._stamp() != self._files

    # doors

    def _open_watch(self, config: Config) -> None:
        if self._watch is not None:
            self._watch.stop()
        settings = watch_settings(config, named_like_model, self._report.estate.stores if self._report else ())
        self._choice = choose(all_watchers(), conditions(self._cycle.host, settings), settings)
        for passed in self._choice.passed:
            self._log.debug("source_not_used", name=passed.name, why=passed.why)
        self._watch = Watch(self._choice.used, self._cycle.host, settings)
        self._watch.start()

    def _open_doors(self, config: Config) -> None:
        """Open metrics and status; one that cannot be opened is said, and the agent looks on."""
        settings = metrics_settings(config, self._environ)
        if settings is not None:
            for doubt in settings.doubts():
                self._log.warning("metrics_doubt", words=doubt)
            self._endpoint = Endpoint(settings, self._board, self._log.debug)
            self._try("metrics_not_served", self._endpoint.start)
        if config.status.socket is not None:
            group = group_id(str(config.status.group)) if config.status.group else None
            self._door = Door(Path(str(config.status.socket)), self.status, group)
            self._try("status_not_served", self._door.open)

    def _try(self, event: str, opening: Callable[[], None]) -> None:
        try:
            opening()
        except OSError as error:
            self._log.error(event, reason=str(error))

    def _close_doors(self) -> None:
        if self._endpoint is not None:
            self._endpoint.stop()
            self._endpoint = None
        if self._door is not None:
            self._door.close()
            self._door = None

    def _close(self) -> None:
        self._close_doors()
        if self._watch is not None:
            self._watch.stop()
        if self._ledger is not None:
            self._ledger.close()
        if path := self._generations.config.metrics.textfile:
            textfile.remove(Path(str(path)))

    def _write_textfile(self) -> None:
        path = self._generations.config.metrics.textfile
        if path is not None:
            self._try("textfile_not_written", lambda: textfile.write(Path(str(path)), self._board.families()))

    # words and signals

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self._signals.add(number)

    def _words(self) -> str:
        return status_words(self._report, self._watch.states() if self._watch else (), self._generations.number)


def rule_ids() -> frozenset[str]:
    """Return the ids that a configuration may name."""
    return frozenset(rule.id for rule in all_rules())
