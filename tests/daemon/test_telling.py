"""What the daemon says of itself."""

from __future__ import annotations

from pathlib import Path

from aiguard_agent.core.event import Event, Lane
from aiguard_agent.core.finding import Severity
from aiguard_agent.daemon.numbers import Numbers
from aiguard_agent.daemon.telling import event_words, refused_config, status_document, status_words
from aiguard_agent.metrics.selfreport import ConfigNumbers
from aiguard_agent.watch.choose import Passed
from aiguard_agent.watch.life import Proof, SourceState

STATES = tuple(
    SourceState(name=name, up=up, since=1.0, words="w", proof=Proof.OK, latency=0.0, opened=1, events=0, lost=0)
    for name, up in (("a", True), ("b", False))
)


def test_before_the_first_look() -> None:
    """The document is whole though nothing was seen yet, and says that nothing is durable."""
    own = Numbers().report(STATES, None, ConfigNumbers(generation=2, ok=True, loaded_at=0.0))

    document = status_document(
        own=own,
        report=None,
        sources=STATES,
        passed=(Passed(name="c", why="off"),),
        ledger=None,
        config={"path": "/x", "problems": []},
        metrics=("http://127.0.0.1:1/metrics",),
    )

    assert document["ledger"] == {"durable": False, "health": "not open", "notes": [], "size": 0}
    assert [(one["name"], one["up"]) for one in document["sources"]] == [("a", True), ("b", False)]
    assert (document["generation"], document["servers"], document["blind"]) == (2, 0, [])
    assert document["unused_sources"] == [{"name": "c", "why": "off"}]
    assert status_words(None, STATES, 2) == "starting"


def test_a_refused_configuration_is_one_finding() -> None:
    """It names the problems as evidence; its key does not depend on them, so that another mistake opens no other."""
    one = refused_config(["config.yaml:3: scan.path: no such key"], Path("/etc/c.yaml"))
    other = refused_config([f"problem {number}" for number in range(100)], Path("/etc/c.yaml"))

    assert refused_config([], Path("/etc/c.yaml")) == ()
    assert [(found.rule, found.severity) for found in one] == [("config-refused", Severity.HIGH)]
    assert one[0].evidence[0].what.startswith("config.yaml:3")
    assert one[0].key == other[0].key
    assert len(other[0].evidence) == 20


def test_the_log_line_of_an_event_holds_no_evidence() -> None:
    """Enough to find it in the ledger; command lines and documents stay there."""
    finding = {
        "rule": "secret-in-argv",
        "subject": "s",
        "severity": "high",
        "evidence": [{"what": "--api-key hunter2"}],
    }
    events = [
        Event(id="1", time_ms=1, lane=Lane.FINDING, body={"kind": "finding", "turn": "opened", "finding": finding}),
        Event(id="2", time_ms=1, lane=Lane.INVENTORY, body={"kind": "server", "id": "x", "document": {"exe": "/y"}}),
    ]

    words = [event_words(one) for one in events]

    assert words[0]["about"] == {"rule": "secret-in-argv", "subject": "s", "severity": "high"}
    assert words[1]["about"] == {"id": "x"}
    assert "hunter2" not in str(words)
