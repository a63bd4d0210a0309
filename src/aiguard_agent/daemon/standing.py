"""The daemon: hints and a timer wake it, a look is the truth, the ledger keeps what it found.

sources ┄hints┄> loop ── look (cycle) ──> ledger (findings, assets, events in one transaction)
                  │                          └> metrics, status
                  └ SIGHUP or a changed file: the candidate is read and checked whole, then takes over, or not
"""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from aiguard_agent import __version__
from aiguard_agent.agent import all_rules
from aiguard_agent.collect.candidates import named_like_model
from aiguard_agent.collect.digest import Digests
from aiguard_agent.collect.host import Host
from aiguard_agent.config.disk import Unfit
from aiguard_agent.config.generations import Accepted, Generations, Refused
from aiguard_agent.config.load import drop_in_directory
from aiguard_agent.config.schema import Config
from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.core.report import ScanReport
from aiguard_agent.cycle import Cycle, Pass, Plan
from aiguard_agent.daemon.limits import Bucket, resident
from aiguard_agent.daemon.logs import set_up
from aiguard_agent.daemon.notify import Notifier
from aiguard_agent.daemon.numbers import Numbers, vocabulary
from aiguard_agent.daemon.plan import ledger_limits, plan_of, watch_settings
from aiguard_agent.daemon.sources import Sources
from aiguard_agent.daemon.stamps import carried, stamp_of
from aiguard_agent.daemon.telling import event_words, refused_config, status_document, status_words
from aiguard_agent.daemon.ways import Doors, ways_of
from aiguard_agent.daemon.worth import pids_of, worth_a_look
from aiguard_agent.errors import AiguardError
from aiguard_agent.identify.interest import interest
from aiguard_agent.ledger.change import change_of
from aiguard_agent.ledger.store import Ledger, open_ledger
from aiguard_agent.metrics import textfile
from aiguard_agent.metrics.board import Board
from aiguard_agent.metrics.selfreport import ConfigNumbers, LedgerNumbers, SelfReport

TICK = 1.0
"""Seconds between two looks at signals, timers and the watchdog while nothing happens."""
FILES_EVERY = 2.0
"""Seconds between two looks at whether a configuration file changed."""
LONGEST_PAUSE = 30.0
"""Seconds that a spent CPU budget may delay a look."""
GAP = 0.5
"""Seconds between two full looks that files ask for, at least; more where a look takes long, so that whoever writes
files without end has a tenth of our time and not all of it."""
PATIENCE = 0.5
"""Seconds that a look which a hint asked for gives servers to answer: one that says nothing must not hide those that
start meanwhile. It is asked again soon, by a look of the timer, with all the time that the configuration gives."""
SHRUNK_FOR = 600.0
"""Seconds within which dropping what is remembered is not tried a second time."""
ENDING = frozenset({signal.SIGTERM, signal.SIGINT})
RESTART_CODE = 75
"""Exit code when the agent has to begin afresh (memory); systemd restarts it."""


class _Ended(BaseException):
    """A signal to end came while a look was under way; what it saw so far is given up."""


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
        self._files = stamp_of(self._file_names())
        self._files_at = 0.0
        self._set_budgets(config)
        self._plan = self._make_plan(config)
        self._cycle = Cycle(Host(root), Digests(Path(str(config.ledger.directory)) / "digests.json"))
        self._interesting = interest(self._plan.index)
        self._report: ScanReport | None = None
        self._pids: frozenset[int] = frozenset()
        self._cpu = time.process_time()
        self._next = self._next_full = 0.0
        self._asked_full: float | None = None
        """When a full look that files asked for is due."""
        self._earliest_full = 0.0
        self._chores_at = 0.0
        self._shrunk_at = -SHRUNK_FOR
        self._looking = False
        self._sources = Sources()
        self._ledger: Ledger | None = None
        self._board = Board(self.self_report, vocabulary(self._plan.index))
        self._doors = Doors(self._board, self.status)

    def run(self) -> int:
        """Open everything, look until told to end, close everything; returns an exit code. Raises AiguardError."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._hear)
        config = self._generations.config
        ways = ways_of(config, self._environ)
        try:
            self._ledger = open_ledger(
                Path(str(config.ledger.directory)), now=time.time(), limits=ledger_limits(config)
            )
            for note in self._ledger.notes:
                self._log.warning("ledger_note", what=note.what, words=note.words)
            self._doors.open(ways, self._log)
            self._look("start", full=True)  # finds the stores that are to be watched
            self._watch()
            self._look("start")  # what came between the first look and the first hint
            gc.collect()
            gc.freeze()  # what a start leaves stays: later searches for garbage pass it over
            self._notify.ready(self._words())
            self._log.info("ready", version=__version__, generation=self._generations.number)
            return self._loop()
        except _Ended:
            return 0
        finally:
            self._notify.stopping()
            self._close()
            self._log.info("stopped")

    def self_report(self) -> SelfReport:
        """Return what the agent counts about itself, for metrics."""
        sources = self._sources.states()
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
            sources=self._sources.states(),
            passed=self._sources.passed,
            ledger=self._ledger,
            config={"path": str(self._path), "problems": list(self._refused)},
            metrics=self._doors.addresses,
        )

    # the loop

    def _loop(self) -> int:
        while not self._signals & ENDING:
            hints = self._sources.take(self._patience())
            for hint in hints:
                self._numbers.hints[str(hint.kind)] += 1
            if signal.SIGHUP in self._signals or self._files_changed():
                self._signals.discard(signal.SIGHUP)
                self._reload()
            if self._sources.broken:
                self._log.error("sources_ended")
                self._watch()
                self._look("lost", full=True)
            self._wake(hints)
            if time.monotonic() < self._chores_at:
                continue  # hints may come fifty times a second
            self._chores_at = time.monotonic() + TICK
            self._notify.alive(self._words())
            if self._too_large():
                return RESTART_CODE
        return 0

    def _patience(self) -> float:
        """Return how long hints may be waited for."""
        if self._asked_full is None:
            return TICK
        return min(TICK, max(0.0, self._asked_full - time.monotonic()))

    def _wake(self, hints: Collection[Hint]) -> None:
        """Look when a hint is worth it, when the time has come, when a server is to be asked again."""
        now = time.monotonic()
        due = self._cycle.due(self._plan)
        kinds = {hint.kind for hint in hints}
        if HintKind.FILE in kinds and self._asked_full is None:
            self._asked_full = max(now, self._earliest_full)
            files = [hint.path for hint in hints if hint.kind is HintKind.FILE]
            self._log.debug("woken", by="file", about=files[0], hints=len(files))
        if now >= self._next_full:
            self._look("timer", full=True)
        elif HintKind.LOST in kinds:
            self._look("lost", full=True)
        elif self._asked_full is not None and now >= self._asked_full:
            self._look("hint", full=True)
        elif worth := self._worth(hints):
            self._log.debug("woken", by=str(worth[0].kind), about=worth[0].subject, hints=len(worth))
            self._look("hint")
        elif now >= self._next or (self._plan.options.probe and due is not None and now >= due):
            self._look("timer")

    def _worth(self, hints: Collection[Hint]) -> Sequence[Hint]:
        others = (hint for hint in hints if hint.kind is not HintKind.FILE)
        return worth_a_look(others, self._cycle.host, self._interesting, self._pids)

    def _look(self, trigger: str, *, full: bool = False) -> None:
        self._pause()
        started = time.monotonic()
        self._looking = True
        try:
            patience = PATIENCE if trigger == "hint" else None
            seen = self._cycle.look(self._plan, full=full, blind=self._sources.blinds(), patience=patience)
        finally:
            self._looking = False
        self._numbers.ran(trigger, seen.seconds, seen.facts.runs)
        config = self._generations.config
        ended = time.monotonic()
        self._next = ended + float(config.watch.reconcile_interval)
        if full:
            self._next_full = ended + float(config.watch.full_reconcile_interval)
            self._earliest_full, self._asked_full = ended + max(GAP, 9 * (ended - started)), None
        self._take_over(seen)
        if full and self._sources.states() and self._watch():
            self._next = ended  # stores came or went: look once more, the new sources have missed what came meanwhile

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
                self._log.info("event", **event_words(event))
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
        while (left := end - time.monotonic()) > 0 and not self._signals & ENDING:
            time.sleep(min(left, TICK))
            self._notify.alive()

    def _too_large(self) -> bool:
        limit = int(self._generations.config.budget.memory_max)
        if (size := resident()) <= limit:
            return False
        if time.monotonic() - self._shrunk_at < SHRUNK_FOR:
            self._log.error("too_large", resident=size, limit=limit)
            return True
        self._log.warning("caches_dropped", resident=size, limit=limit)
        self._look("memory", full=True)
        gc.unfreeze()
        gc.collect()
        self._shrunk_at = time.monotonic()
        return False

    # configuration

    def _make_plan(self, config: Config) -> Plan:
        return plan_of(config, log=self._log.debug, pace=self._pace, questions=self._grant, root=self._root)

    def _reload(self) -> None:
        """Take a changed configuration over, whole or not at all."""
        self._notify.reloading()
        before = stamp_of(self._file_names())
        number, loaded = self._generations.number, self._generations.loaded
        outcome = self._generations.propose(self._path, self._environ)
        problems = outcome.problems if isinstance(outcome, Refused) else self._adopt(outcome)
        if problems:
            self._generations.number, self._generations.loaded = number, loaded
            self._log.error("config_refused", problems=list(problems), generation=number)
        self._refused, self._files = problems, carried(before, stamp_of(self._file_names()))
        self._look("reload")
        self._notify.ready(self._words())

    def _adopt(self, outcome: Accepted) -> tuple[str, ...]:
        """Make everything that a configuration asks for, then use it; returns what is wrong with it."""
        config = outcome.config
        try:
            plan, ways = self._make_plan(config), ways_of(config, self._environ)
        except (AiguardError, Unfit, OSError) as error:
            return tuple(str(error).splitlines()) or ("it cannot be used",)
        self._log = set_up(config.log.format, config.log.level, config.log.rate_limit)
        self._plan, self._loaded_at = plan, time.time()
        self._interesting = interest(plan.index)
        self._set_budgets(config)
        self._doors.open(ways, self._log)
        self._watch()
        self._sources.prove()
        self._log.info("config_taken_over", generation=outcome.number, changed=list(outcome.changed))
        return ()

    def _file_names(self) -> set[str]:
        """Name what a configuration was read from, or would be; the inventory counts as one."""
        loaded = self._generations.loaded
        folder = str(drop_in_directory(self._path))
        return {*loaded.files, str(self._path), folder, str(loaded.config.scan.inventory or "")} - {""}

    def _files_changed(self) -> bool:
        now = time.monotonic()
        if now < self._files_at:
            return False
        self._files_at = now + FILES_EVERY
        return stamp_of(self._file_names()) != self._files

    # sources and doors

    def _watch(self) -> bool:
        """Open the sources, or leave them as they are when nothing about them changed; tell whether they are new."""
        stores = self._report.estate.stores if self._report else ()
        settings = watch_settings(self._generations.config, named_like_model, stores)
        return self._sources.open(settings, self._cycle.host, self._log)

    def _close(self) -> None:
        self._doors.close()
        self._sources.close()
        if self._ledger is None:
            return  # another agent runs here: what lies there is its own
        self._ledger.close()
        if path := self._generations.config.metrics.textfile:
            textfile.remove(Path(str(path)))

    def _write_textfile(self) -> None:
        path = self._generations.config.metrics.textfile
        if path is None:
            return
        try:
            textfile.write(Path(str(path)), self._board.families())
        except OSError as error:
            self._log.error("textfile_not_written", reason=str(error))

    # words and signals

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self._signals.add(number)
        if self._looking and number in ENDING:
            self._looking = False
            raise _Ended

    def _words(self) -> str:
        return status_words(self._report, self._sources.states(), self._generations.number)


def rule_ids() -> frozenset[str]:
    """Return the ids that a configuration may name."""
    return frozenset(rule.id for rule in all_rules())
