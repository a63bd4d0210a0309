"""Read back what was recorded, as values; committed things only."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from aiguard_agent.core.event import Lane
from aiguard_agent.core.finding import Finding
from aiguard_agent.core.outbox import Stored
from aiguard_agent.errors import LedgerFault, LedgerTooNew
from aiguard_agent.ledger.documents import finding_of, restored, stored
from aiguard_agent.ledger.life import State
from aiguard_agent.ledger.limits import Limits
from aiguard_agent.ledger.losses import all_losses
from aiguard_agent.ledger.opening import FILE
from aiguard_agent.ledger.plain import Loss
from aiguard_agent.ledger.schema import STEPS, connect, version_of
from aiguard_agent.ledger.tail import behind, kept, last

T = TypeVar("T")

PAST = "SELECT document, state, opened_at, last_seen, resolved_at, count, flaps FROM findings"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastFinding:
    """A finding and its life."""

    finding: Finding
    state: State
    opened_at: float
    last_seen: float
    resolved_at: float | None
    count: int
    flaps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAsset:
    """An asset and when it was there."""

    id: str
    kind: str
    first_seen: float
    last_seen: float
    gone_at: float | None
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Bytes that lay at one place."""

    place: str
    identity: str
    digest: str
    fingerprint: str
    seen: float
    superseded_by: str
    """"" = it lies there still, as far as we know."""
    superseded_at: float | None


class History:
    """What the ledger knows; every call is one short read."""

    def __init__(self, read: Callable[[Callable[[sqlite3.Connection], Any]], Any]) -> None:
        self._read = read

    def last_findings(self) -> tuple[Finding, ...]:
        """Return the findings of the last scan, open and waived, by key."""
        return tuple(past.finding for past in self.findings() if past.state is not State.RESOLVED)

    def findings(self, *, resolved: bool = False, limit: int = 10_000) -> tuple[PastFinding, ...]:
        """Return findings with their life, by key; the resolved ones too when asked for."""
        where = "" if resolved else "WHERE state != 'resolved' "
        return self._pasts(f"{PAST} {where}ORDER BY key LIMIT ?", limit)

    def finding(self, key: str) -> PastFinding | None:
        """Return one finding, None when it was never seen or is forgotten."""
        return next(iter(self._pasts(f"{PAST} WHERE key = ?", key)), None)

    def _pasts(self, statement: str, value: object) -> tuple[PastFinding, ...]:
        rows = self._read(lambda connection: connection.execute(statement, (value,)).fetchall())
        return tuple(
            PastFinding(
                finding=finding_of(text),
                state=State(state),
                opened_at=opened,
                last_seen=last,
                resolved_at=resolved,
                count=count,
                flaps=flaps,
            )
            for text, state, opened, last, resolved, count, flaps in rows
        )

    def assets(self, *, gone: bool = False, limit: int = 100_000) -> tuple[KnownAsset, ...]:
        """Return the assets that are there, by id; those that are gone too when asked for."""
        where = "" if gone else "WHERE gone_at IS NULL "
        statement = f"SELECT id, kind, first_seen, last_seen, gone_at, document FROM assets {where}ORDER BY id LIMIT ?"  # noqa: S608 - our own words
        rows = self._read(lambda connection: connection.execute(statement, (limit,)).fetchall())
        return tuple(
            KnownAsset(
                id=restored(id_), kind=kind, first_seen=first, last_seen=last, gone_at=at, document=json.loads(text)
            )
            for id_, kind, first, last, at, text in rows
        )

    def versions(self, place: str) -> tuple[Version, ...]:
        """Return the versions of the model at one place, the oldest first."""
        statement = (
            "SELECT identity, digest, fingerprint, seen, superseded_by, superseded_at FROM model_versions "
            "WHERE place = ? ORDER BY number"
        )
        rows = self._read(lambda connection: connection.execute(statement, (stored(place),)).fetchall())
        return tuple(
            Version(
                place=place,
                identity=identity,
                digest=digest,
                fingerprint=fingerprint,
                seen=seen,
                superseded_by=after or "",
                superseded_at=at,
            )
            for identity, digest, fingerprint, seen, after, at in rows
        )

    def losses(self) -> tuple[Loss, ...]:
        """Return what was dropped or refused since the ledger was made."""
        found: tuple[Loss, ...] = self._read(all_losses)
        return found

    def last_events(self, limit: int, lanes: Collection[Lane] = tuple(Lane)) -> tuple[Stored, ...]:
        """Return the newest events that are kept, the oldest of them first."""
        found: tuple[Stored, ...] = self._read(lambda connection: last(connection, limit, lanes))
        return found

    def events_behind(self, number: int, limit: int, lanes: Collection[Lane] = tuple(Lane)) -> tuple[Stored, ...]:
        """Return the first events with a higher number."""
        found: tuple[Stored, ...] = self._read(lambda connection: behind(connection, number, limit, lanes))
        return found

    def events_kept(self) -> Mapping[Lane, int]:
        """Return how many events each lane holds."""
        found: Mapping[Lane, int] = self._read(kept)
        return found


@contextmanager
def open_history(directory: Path) -> Iterator[History]:
    """Read the ledger of a daemon that runs, or ran, without its lock; raises LedgerFault, LedgerTooNew."""
    path = directory / FILE
    try:
        connection = connect(f"{path.absolute().as_uri()}?mode=ro", Limits(), uri=True)
    except sqlite3.Error as error:
        raise LedgerFault(f"{path} cannot be read: {error}") from error
    with closing(connection):
        _expect_readable(connection, path)
        yield History(lambda ask: answer(connection, ask))


def _expect_readable(connection: sqlite3.Connection, path: Path) -> None:
    version = answer(connection, version_of)
    if version > len(STEPS):
        raise LedgerTooNew(f"{path} was written by a newer agent (schema {version}): read it with that one")
    if version < len(STEPS):
        raise LedgerFault(f"{path} is of schema {version}, older than this agent: start the daemon once to migrate it")


def answer(connection: sqlite3.Connection, ask: Callable[[sqlite3.Connection], T]) -> T:
    """Ask a connection; raises LedgerFault, so that nobody else needs to know the database."""
    try:
        return ask(connection)
    except sqlite3.Error as error:
        raise LedgerFault(f"the ledger could not be read: {error}") from error
