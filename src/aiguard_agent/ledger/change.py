"""What one scan hands to the ledger, and what the ledger made of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiguard_agent.core.event import Event
from aiguard_agent.core.finding import Finding
from aiguard_agent.core.report import ScanReport
from aiguard_agent.core.turn import Turns
from aiguard_agent.ledger.documents import model_document, server_document

Render = Callable[[Turns], Iterable[Event]]
"""Turns to the events that tell of them; called inside the transaction, so it is quick and touches nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetSeen:
    """One server or model that is there."""

    id: str
    kind: str
    """`server` or `model`."""
    document: Mapping[str, Any]
    """JSON values; what stands under `now` may drift without being a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSeen:
    """Which bytes lie at one place; a part that was not computed is "" and is not compared."""

    place: str
    digest: str = ""
    fingerprint: str = ""

    @property
    def identity(self) -> str:
        """The digest, else the structural fingerprint, else ""."""
        return f"sha256:{self.digest}" if self.digest else self.fingerprint and f"fingerprint:{self.fingerprint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to be written in one transaction."""

    at: float
    """Seconds since the epoch, by the clock of the scan."""
    findings: tuple[Finding, ...] = ()
    assets: tuple[AssetSeen, ...] = ()
    models: tuple[ModelSeen, ...] = ()
    events: tuple[Event, ...] = ()
    """Further events, that tell of nothing the ledger keeps (a guard's verdict, the agent's own start)."""
    whole: bool = False
    """True when this was all there is: findings and assets that are missing are gone then."""
    unseen: frozenset[str] = frozenset()
    """Keys of findings and ids of assets that may be there all the same: where they were, nobody could look."""
    resolved: frozenset[str] = frozenset()
    """Keys of findings that are known to be gone, when the scan was not whole."""
    render: Render | None = None
    """None = the ledger's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What became of a change."""

    turns: Turns
    events: tuple[Event, ...] = ()
    """As they were put into the outbox."""
    refused: int = 0
    """Events there was no room for; counted as losses."""
    durable: bool = False
    """True when it is on the disk; else it will be within the group's time, and `flush` makes it so."""
    failure: str = ""
    """Why nothing was written. Nothing is lost by it: the next whole scan turns the same again."""


def change_of(report: ScanReport, render: Render | None = None) -> Change:
    """Return a whole scan as a change. Assets it was blind for are the caller's to name (`unseen`)."""
    estate = report.estate
    servers = [AssetSeen(id=one.id, kind="server", document=server_document(one)) for one in estate.servers]
    models = [AssetSeen(id=one.id, kind="model", document=model_document(one)) for one in estate.models]
    versions = [
        ModelSeen(place=one.path, digest="" if one.digest_claimed else one.sha256, fingerprint=one.fingerprint)
        for one in estate.models
    ]
    return Change(
        at=estate.taken_at,
        findings=report.findings,
        assets=(*servers, *models),
        models=tuple(versions),
        whole=True,
        render=render,
    )
