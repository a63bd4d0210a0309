"""Which hints are worth a look."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiguard_agent.agent import all_signatures
from aiguard_agent.collect.host import Host
from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.daemon.worth import worth_a_look
from aiguard_agent.identify.index import Index
from aiguard_agent.identify.interest import interest
from recorded_host import RecordedHost

INTERESTING = interest(Index(all_signatures()))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    recorded = RecordedHost(tmp_path / "h")
    recorded.process(10, ["/usr/local/bin/ollama", "serve"])
    recorded.process(11, ["/usr/bin/sleep", "60"])
    return Host(recorded.finish())


def hint(kind: HintKind = HintKind.PROCESS, *, pid: int = 0, gone: bool = False) -> Hint:
    return Hint(source="x", kind=kind, subject=f"{pid}", at=1.0, pid=pid, gone=gone)


@pytest.mark.parametrize(
    ("one", "counts"),
    [
        (hint(pid=10), True),
        (hint(pid=11), False),
        (hint(pid=12), False),
        (hint(pid=10, gone=True), False),
        (hint(pid=99, gone=True), True),
        (hint(HintKind.LISTENER), True),
        (hint(HintKind.LISTENER, gone=True), True),
        (hint(HintKind.FILE), True),
        (hint(HintKind.LOST), True),
    ],
)
def test_what_counts(host: Host, one: Hint, counts: bool) -> None:
    """A started AI program, an ended one that we knew, sockets and files; not a `sleep`, nor who is gone already."""
    assert bool(worth_a_look([one], host, INTERESTING, frozenset({99}))) is counts


def test_one_of_many(host: Host) -> None:
    """Only those that count are returned, in their order."""
    many = [hint(pid=11), hint(pid=10), hint(pid=12), hint(HintKind.LOST)]

    assert worth_a_look(many, host, INTERESTING, frozenset()) == (many[1], many[3])
