"""The live sources while the agent stands: opened once, proved anew on a reload, replaced when settings change."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from aiguard_agent.collect.host import Host
from aiguard_agent.core.facts import Blind
from aiguard_agent.core.hint import Hint
from aiguard_agent.watch.choose import Passed, choose
from aiguard_agent.watch.conditions import all_watchers, look
from aiguard_agent.watch.life import SourceState
from aiguard_agent.watch.run import Watch
from aiguard_agent.watch.watcher import Settings

PATIENCE = 3.0
"""Seconds that a start waits for the sources to be open; one that takes longer tells its hints later."""
_STEP = 0.01


class Sources:
    """All of them behind one door. Used by the daemon's loop; `states` by any thread."""

    def __init__(self) -> None:
        self.passed: Sequence[Passed] = ()
        """Watchers that are not used, and why."""
        self._watch: Watch | None = None
        self._settings: Settings | None = None

    def open(self, settings: Settings, host: Host, log: Any) -> bool:
        """Watch with these settings from now on; tell whether anything had to be opened anew."""
        if self._watch is not None and self._watch.alive and settings == self._settings:
            return False
        self.close()
        choice = choose(all_watchers(), look(host, settings), settings)
        for passed in choice.passed:
            log.debug("source_not_used", name=passed.name, why=passed.why)
        self.passed, self._settings = choice.passed, settings
        self._watch = Watch(choice.used, host, settings)
        self._watch.start()
        self._settle()
        return True

    def _settle(self) -> None:
        """Wait until every source is open, or known not to be."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and any(state.since == 0.0 for state in self.states()):
            time.sleep(_STEP)

    def take(self, timeout: float) -> tuple[Hint, ...]:
        """Return the hints that wait, or wait for one; a watch that ended costs the wait, not a busy loop."""
        if self._watch is None or not self._watch.alive:
            time.sleep(timeout)
            return ()
        return self._watch.take(timeout)

    def prove(self) -> None:
        """Have every source prove itself now."""
        if self._watch is not None:
            self._watch.prove()

    @property
    def broken(self) -> bool:
        """True when the thread that reads the sources has ended though nobody ended it."""
        return self._watch is not None and not self._watch.alive

    def states(self) -> tuple[SourceState, ...]:
        """Return how each source is."""
        return self._watch.states() if self._watch else ()

    def blinds(self) -> tuple[Blind, ...]:
        """Return what is not seen live."""
        return self._watch.blinds() if self._watch else ()

    def close(self) -> None:
        """Close every source."""
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
