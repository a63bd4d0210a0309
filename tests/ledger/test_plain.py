"""The ledger's own words."""

from __future__ import annotations

import pytest
from ledger_samples import finding

from aiguard_agent.core.event import Lane
from aiguard_agent.core.finding import Severity
from aiguard_agent.core.turn import AssetTurn, AssetTurned, FindingTurn, ModelTurn, Turned, Turns
from aiguard_agent.ledger.plain import Loss, lane_of, plain_events, plain_loss


@pytest.mark.parametrize(
    ("severity", "lane"),
    [
        (Severity.CRITICAL, Lane.CRITICAL),
        (Severity.HIGH, Lane.FINDING),
        (Severity.LOW, Lane.FINDING),
        (Severity.INFO, Lane.INFO),
    ],
)
def test_severity_chooses_the_lane(severity: Severity, lane: Lane) -> None:
    """Critical findings are never dropped, those of severity info before others."""
    assert lane_of(finding(severity=severity)) is lane


def test_every_turn_is_one_event() -> None:
    """A finding, an asset and a swapped model give one event each, of the time of the scan, all ids different."""
    turns = Turns(
        at=2.5,
        findings=(FindingTurn(what=Turned.OPENED, finding=finding(), opened_at=2.5, last_seen=2.5),),
        assets=(AssetTurn(what=AssetTurned.GONE, id="m", kind="model", document={}, first_seen=1.0, last_seen=2.0),),
        models=(ModelTurn(place="/m", before="a", after="b", before_seen=1.0),),
    )
    found = list(plain_events(turns))

    assert [(one.body["kind"], one.body["turn"], one.lane) for one in found] == [
        ("finding", "opened", Lane.FINDING),
        ("model", "gone", Lane.INVENTORY),
        ("model-version", "swapped", Lane.FINDING),
    ]
    assert {one.time_ms for one in found} == {2500}
    assert len({one.id for one in found}) == 3
    assert found[0].body["key"] == finding().key


def test_a_loss_names_its_numbers() -> None:
    """Who reads the event knows which numbers are missing, and why."""
    loss = Loss(lane=Lane.TELEMETRY, reason="quota", total=9, untold=4, first=3, last=8)
    body = plain_loss(loss, 1.0).body

    assert body == {"kind": "events-dropped", "lane": "telemetry", "reason": "quota", "count": 4, "first": 3, "last": 8}
