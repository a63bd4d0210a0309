"""Counting what was lost."""

from __future__ import annotations

from contextlib import closing

from ledger_samples import LIMITS

from aiguard_agent.core.event import Lane
from aiguard_agent.ledger.losses import NO_SPACE, QUOTA, all_losses, count_loss, mark_told, untold_losses
from aiguard_agent.ledger.schema import connect, migrate


def test_losses_add_up_until_they_are_told() -> None:
    """Total goes on for ever; the range begins anew after it was told; lanes and reasons are counted apart."""
    with closing(connect(":memory:", LIMITS)) as connection:
        migrate(connection, "memory")
        count_loss(connection, Lane.INFO, QUOTA, 5, 9, 5)
        count_loss(connection, Lane.INFO, QUOTA, 10, 12, 2)
        count_loss(connection, Lane.TELEMETRY, NO_SPACE, 3, 3, 1)
        info, other = untold_losses(connection)
        assert (info.total, info.untold, info.first, info.last) == (7, 7, 5, 12)
        assert (other.lane, other.reason, other.total) == (Lane.TELEMETRY, NO_SPACE, 1)

        mark_told(connection, info)
        assert untold_losses(connection) == (other,)
        count_loss(connection, Lane.INFO, QUOTA, 20, 21, 2)
        again = all_losses(connection)[0]

        assert (again.total, again.untold, again.first, again.last) == (9, 2, 20, 21)
