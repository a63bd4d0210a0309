"""Every event that was dropped or refused is counted, by lane and reason, until somebody was told and after."""

from __future__ import annotations

import sqlite3

from aiguard_agent.core.event import Lane
from aiguard_agent.ledger.plain import Loss

QUOTA = "quota"
"""There was an older or lesser event to make room."""
NO_SPACE = "no-space"
"""The event itself could not be written."""


def count_loss(connection: sqlite3.Connection, lane: Lane, reason: str, first: int, last: int, count: int) -> None:
    """Add to what was lost; `first` and `last` are event numbers."""
    connection.execute(
        "INSERT INTO losses (lane, reason, total, untold, first, last) VALUES (?1, ?2, ?3, ?3, ?4, ?5) "
        "ON CONFLICT (lane, reason) DO UPDATE SET total = total + ?3, untold = untold + ?3, "
        "first = CASE untold WHEN 0 THEN ?4 ELSE min(first, ?4) END, last = max(last, ?5)",
        (lane.value, reason, count, first, last),
    )


def all_losses(connection: sqlite3.Connection) -> tuple[Loss, ...]:
    """Return what was lost since the ledger was made, in a fixed order."""
    rows = connection.execute("SELECT lane, reason, total, untold, first, last FROM losses ORDER BY lane, reason")
    return tuple(
        Loss(lane=Lane(lane), reason=reason, total=total, untold=untold, first=first, last=last)
        for lane, reason, total, untold, first, last in rows.fetchall()
    )


def untold_losses(connection: sqlite3.Connection) -> tuple[Loss, ...]:
    """Return the losses that no event tells of yet."""
    return tuple(loss for loss in all_losses(connection) if loss.untold)


def mark_told(connection: sqlite3.Connection, loss: Loss) -> None:
    """Say that an event tells of this loss now."""
    connection.execute("UPDATE losses SET untold = 0 WHERE lane = ? AND reason = ?", (loss.lane.value, loss.reason))
