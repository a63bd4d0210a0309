"""Where others may ask the running agent: the metrics target and the status socket."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiguard_agent.config.schema import Config
from aiguard_agent.daemon.door import Door
from aiguard_agent.daemon.plan import group_id, metrics_settings
from aiguard_agent.metrics.board import Board
from aiguard_agent.metrics.serve import Endpoint
from aiguard_agent.metrics.serve import Settings as MetricsSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What is to be open."""

    metrics: MetricsSettings | None = None
    socket: Path | None = None
    group: int | None = None
    """Group that may use the socket."""


def ways_of(config: Config, environ: Mapping[str, str] = os.environ) -> Ways:
    """Return the ways that a configuration asks for; raises Unfit for a bad secret, UsageError for a bad group."""
    status = config.status
    return Ways(
        metrics=metrics_settings(config, environ),
        socket=Path(str(status.socket)) if status.socket is not None else None,
        group=group_id(str(status.group)) if status.group else None,
    )


class Doors:
    """Both of them, opened and closed together; one that cannot be opened is said, and the agent looks on."""

    def __init__(self, board: Board, status: Callable[[], Mapping[str, Any]]) -> None:
        self._board, self._status = board, status
        self._endpoint: Endpoint | None = None
        self._door: Door | None = None

    @property
    def addresses(self) -> Sequence[str]:
        """Where metrics are served."""
        return self._endpoint.addresses if self._endpoint else ()

    def open(self, ways: Ways, log: Any) -> None:
        """Open what is asked for, closing what was open."""
        self.close()
        if ways.metrics is not None:
            for doubt in ways.metrics.doubts():
                log.warning("metrics_doubt", words=doubt)
            self._endpoint = Endpoint(ways.metrics, self._board, log.debug)
            self._try(self._endpoint.start, "metrics_not_served", log)
        if ways.socket is not None:
            self._door = Door(ways.socket, self._status, ways.group)
            self._try(self._door.open, "status_not_served", log)

    def _try(self, opening: Callable[[], None], event: str, log: Any) -> None:
        try:
            opening()
        except OSError as error:
            log.error(event, reason=str(error))  # noqa: TRY400 - the reason is enough, a traceback helps nobody

    def close(self) -> None:
        """Close both."""
        if self._endpoint is not None:
            self._endpoint.stop()
            self._endpoint = None
        if self._door is not None:
            self._door.close()
            self._door = None
