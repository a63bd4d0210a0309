"""One output's view of the outbox: `core.outbox.Outbox` on the ledger."""

from __future__ import annotations

import sqlite3
from typing import Any, Protocol

from aiguard_agent.core.outbox import BATCH_BYTES, Lag, Stored
from aiguard_agent.ledger.lanes import after, oldest


class Shelf(Protocol):
    """What the outbox needs of the ledger."""

    def cursor(self, output: str) -> int:
        """Return the number up to which an output has sent everything."""
        ...

    def advance(self, output: str, number: int) -> None:
        """Move a cursor forward."""
        ...

    def newest(self) -> int:
        """Return the number of the newest event."""
        ...

    def read(self, ask: Any) -> Any:
        """Let a function ask the database, committed things only; raises LedgerFault."""
        ...


class OutputBox:
    """The outbox of one named output."""

    def __init__(self, shelf: Shelf, output: str) -> None:
        self._shelf = shelf
        self._output = output

    def batch(self, limit: int, max_bytes: int = BATCH_BYTES) -> tuple[Stored, ...]:
        """Return the next durable events; the read is over before anything is sent. Raises LedgerFault."""
        cursor = self._shelf.cursor(self._output)

        def ask(connection: sqlite3.Connection) -> tuple[Stored, ...]:
            return after(connection, cursor, limit, max_bytes)

        found: tuple[Stored, ...] = self._shelf.read(ask)
        return found

    def advance(self, number: int) -> None:
        """Say that everything up to that number has arrived."""
        self._shelf.advance(self._output, number)

    def lag(self) -> Lag:
        """Tell how far behind this output is. Raises LedgerFault."""
        cursor = self._shelf.cursor(self._output)
        first: tuple[int, int] | None = self._shelf.read(lambda connection: oldest(connection, cursor))
        if first is None:
            return Lag()
        return Lag(events=max(1, self._shelf.newest() - first[0] + 1), oldest_ms=first[1])
