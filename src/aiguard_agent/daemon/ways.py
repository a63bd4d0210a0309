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
from aiguard_agent.errors import AiguardError
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
        self._ways = Ways()
        self._endpoint: Endpoint | None = None
        self._door: Door | None = None

    @property
    def addresses(self) -> Sequence[str]:
        """Where metrics are served."""
        return self._endpoint.addresses if self._endpoint else ()

    def open(self, ways: Ways, log: Any) -> None:
        """Open what is asked for. What stays the same stays open; a target with certificates reads them anew."""
        before, self._ways = self._ways, ways
        certified = ways.metrics is not None and bool(ways.metrics.certificate)
        if ways.metrics != before.metrics or certified or self._endpoint is None:
            self._open_metrics(ways, log)
        if (ways.socket, ways.group) != (before.socket, before.group) or self._door is None:
            self._open_status(ways, log)

    def _open_metrics(self, ways: Ways, log: Any) -> None:
        if self._endpoint is not None:
            self._endpoint.stop()
            self._endpoint = None
        if ways.metrics is None:
            return
        for doubt in ways.metrics.doubts():
            log.warning("metrics_doubt", words=doubt)
        endpoint = Endpoint(ways.metrics, self._board, log.debug)
        if self._try(endpoint.start, "metrics_not_served", log):
            self._endpoint = endpoint

    def _open_status(self, ways: Ways, log: Any) -> None:
        if self._door is not None:
            self._door.close()
            self._door = None
        if ways.socket is None:
            return
        door = Door(ways.socket, self._status, ways.group)
        if self._try(door.open, "status_not_served", log):
            self._door = door

    def _try(self, opening: Callable[[], None], event: str, log: Any) -> bool:
        try:
            opening()
        except (OSError, AiguardError) as error:
            log.error(event, reason=str(error))  # noqa: TRY400 - the reason is enough, a traceback helps nobody
            return False
        return True

    def close(self) -> None:
        """Close both."""
        if self._endpoint is not None:
            self._endpoint.stop()
            self._endpoint = None
        if self._door is not None:
            self._door.close()
            self._door = None
