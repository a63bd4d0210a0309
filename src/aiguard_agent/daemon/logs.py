"""The agent's own log: structlog to stderr (and so to the journal), a noisy event held down and counted."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, MutableMapping
from typing import Any, TextIO

import structlog

EventDict = MutableMapping[str, Any]
_MINUTE = 60.0


class RateLimit:
    """Lets `limit` lines of one event through a minute; the first of the next minute tells how many were held."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._clock = limit, clock
        self._seen: dict[str, tuple[float, int]] = {}

    def __call__(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        """Pass an event on, or drop it."""
        if self._limit <= 0:
            return event
        name, now = str(event.get("event", "")), self._clock()
        began, count = self._seen.get(name, (now, 0))
        if now - began >= _MINUTE:
            if count > self._limit:
                event["held_back"] = count - self._limit
            began, count = now, 0
        self._seen[name] = (began, count + 1)
        if count >= self._limit:
            raise structlog.DropEvent
        return event


def set_up(form: str, level: str, rate_limit: int, stream: TextIO | None = None) -> Any:
    """Configure structlog and return a logger; called again it takes the new settings over."""
    last: Any = structlog.processors.JSONRenderer(ensure_ascii=True)
    if form == "console":
        last = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(file=stream or sys.stderr),
        processors=[
            RateLimit(rate_limit),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            last,
        ],
        cache_logger_on_first_use=False,
    )
    return structlog.get_logger()
