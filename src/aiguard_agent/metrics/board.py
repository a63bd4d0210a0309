"""What is told now: the families of the last scan, and the agent's own numbers at the time of the question."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from aiguard_agent.core.report import ScanReport
from aiguard_agent.metrics.exposition import Form, render
from aiguard_agent.metrics.families import Families, estate_families, self_families
from aiguard_agent.metrics.labels import Vocabulary
from aiguard_agent.metrics.selfreport import SelfReport

FRESH = 1.0
"""Seconds for which one exposition serves every scraper: who asks in a loop costs no more than one scrape a second."""


class Board:
    """Takes reports from the daemon's thread and gives expositions to any other."""

    def __init__(
        self,
        own: Callable[[], SelfReport],
        vocabulary: Vocabulary,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._own = own
        self._vocabulary = vocabulary
        self._clock = clock
        self._lock = threading.Lock()
        self._estate: Families = ()
        self._made: dict[Form, tuple[float, bytes]] = {}

    @property
    def ready(self) -> bool:
        """True once a scan has been told: before, an empty exposition would look like a host without AI."""
        return bool(self._estate)

    def publish(self, report: ScanReport, vocabulary: Vocabulary | None = None) -> None:
        """Replace what is told of the host, at once and whole; a reload may bring another vocabulary."""
        families = estate_families(report, vocabulary or self._vocabulary)
        with self._lock:
            self._vocabulary = vocabulary or self._vocabulary
            self._estate = families
            self._made = {}

    def families(self) -> Families:
        """Return all families as they are now."""
        with self._lock:
            estate, vocabulary = self._estate, self._vocabulary
        return (*estate, *self_families(self._own(), vocabulary))

    def text(self, form: Form = Form.PLAIN) -> bytes:
        """Return the exposition, at most one second old."""
        now = self._clock()
        made = self._made
        at, text = made.get(form, (0.0, b""))
        if text and now - at < FRESH:
            return text
        text = render(self.families(), form)
        made[form] = (now, text)  # into the dictionary of before: a publish meanwhile has put a new one in its place
        return text
