"""The ledger as its users see it."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_samples import LIMITS, Clock, event, events, finding, ledger_in, scan, told

from aiguard_agent.core.event import Lane
from aiguard_agent.core.finding import Finding, FindingState, Severity
from aiguard_agent.core.turn import Turns
from aiguard_agent.errors import LedgerBusy
from aiguard_agent.ledger.change import Change
from aiguard_agent.ledger.life import State
from aiguard_agent.ledger.store import open_ledger


def test_a_finding_and_its_event_are_both_there(tmp_path: Path) -> None:
    """What was recorded and flushed is there after a restart, with the event that tells of it."""
    with ledger_in(tmp_path) as ledger:
        recorded = ledger.record(scan(10.0, finding()))
        assert ledger.flush()

    with ledger_in(tmp_path) as ledger:
        ledger.use_outputs(["siem"])
        assert ledger.history().last_findings() == (finding(),)
        assert [one.event for one in ledger.outbox("siem").batch(10)] == list(recorded.events)
        assert ledger.notes == ()


def test_a_renderer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """When the events cannot be made, the finding is not recorded either, and what was recorded before stays."""

    def fail(turns: Turns) -> list[object]:
        raise ZeroDivisionError

    with ledger_in(tmp_path) as ledger:
        ledger.record(scan(10.0, finding("a")))
        with pytest.raises(ZeroDivisionError):
            ledger.record(replace(scan(20.0, finding("b")), render=fail))

        assert ledger.history().last_findings() == (finding("a"),)
        assert told(ledger.record(scan(30.0, finding("b")))) == ["opened", "resolved"]


def test_no_alert_twice_after_a_restart(tmp_path: Path) -> None:
    """A reboot with other pids tells nothing anew."""
    with ledger_in(tmp_path) as ledger:
        ledger.record(scan(10.0, finding(where="/proc/41/exe")))
    with ledger_in(tmp_path) as ledger:
        recorded = ledger.record(scan(90.0, finding(where="/proc/9/exe")))

        assert (told(recorded), recorded.events) == ([], ())
        assert ledger.history().last_findings() == (finding(where="/proc/9/exe"),)


def test_the_life_of_a_finding(tmp_path: Path) -> None:
    """Opened, still there, changed, waived, waiver over, resolved, reopened: each told once and kept."""
    waived = finding(severity=Severity.LOW, state=FindingState.WAIVED)
    steps = [
        (finding(), "opened"),
        (finding(), None),
        (finding(severity=Severity.LOW), "changed"),
        (waived, "waived"),
        (finding(severity=Severity.LOW), "reopened"),
        (None, "resolved"),
        (finding(), "reopened"),
    ]
    with ledger_in(tmp_path) as ledger:
        heard = [
            told(ledger.record(scan(1000.0 * number, *([one] if one else []))))
            for number, (one, _word) in enumerate(steps)
        ]
        past = ledger.history().finding(finding().key)

    assert heard == [[word] if word else [] for _one, word in steps]
    assert past is not None
    assert (past.state, past.opened_at, past.count) == (State.OPEN, 6000.0, 1)


def test_a_partial_scan_resolves_nothing_by_silence(tmp_path: Path) -> None:
    """What a narrow look did not see is still there; what it knows to be gone is resolved."""
    with ledger_in(tmp_path) as ledger:
        ledger.record(scan(1.0, finding("a"), finding("b")))

        assert told(ledger.record(Change(at=2.0, findings=(finding("c"),)))) == ["opened"]
        assert told(ledger.record(Change(at=3.0, resolved=frozenset({finding("a").key})))) == ["resolved"]
        assert {one.subject for one in ledger.history().last_findings()} == {"b", "c"}


def test_where_nobody_could_look_nothing_is_resolved(tmp_path: Path) -> None:
    """A finding in a blind spot of a whole scan stays open, near ones that are gone do not."""
    with ledger_in(tmp_path) as ledger:
        ledger.record(scan(1.0, finding("a"), finding("b")))
        ledger.record(replace(scan(2.0), unseen=frozenset({finding("a").key})))

        assert ledger.history().last_findings() == (finding("a"),)


def test_a_group_waits_and_a_critical_finding_does_not(tmp_path: Path) -> None:
    """Rows wait for the group's time; one that is critical takes the whole group to the disk at once."""
    clock = Clock()
    with ledger_in(tmp_path, clock=clock) as ledger:
        assert not ledger.record(scan(1.0, finding("a"))).durable
        clock.now = 0.05
        assert not ledger.commit_if_due()
        clock.now = 0.11
        assert ledger.commit_if_due()
        assert not ledger.commit_if_due()

        assert not ledger.record(events(2.0, event(1))).durable
        assert ledger.record(events(2.0, event(2, Lane.CRITICAL))).durable
        assert ledger.record(scan(3.0, finding("a", Severity.CRITICAL))).durable


def test_a_full_group_does_not_wait(tmp_path: Path) -> None:
    """The row that fills the group commits it."""
    with ledger_in(tmp_path, replace(LIMITS, group_rows=3)) as ledger:
        durable = [ledger.record(events(1.0, event(number))).durable for number in range(4)]

    assert durable == [False, False, True, False]


def test_the_thread_commits(tmp_path: Path) -> None:
    """With its timer the ledger makes a group durable by itself."""
    arrived = threading.Event()

    class Alarm(Clock):
        def __call__(self) -> float:
            if threading.current_thread().name == "ledger-commit":
                self.now += 1.0
            return self.now

    with open_ledger(tmp_path, now=0.0, limits=LIMITS, clock=Alarm()) as ledger:
        ledger.use_outputs(["siem"])
        ledger.record(events(1.0, event(1)))
        for _ in range(500):
            if ledger.outbox("siem").batch(1):
                arrived.set()
                break
            arrived.wait(0.01)
        assert arrived.is_set()


def test_what_is_merely_there_is_not_written_every_time(tmp_path: Path) -> None:
    """Between two touches a scan that sees the same writes nothing, and the count is right in the end."""
    with ledger_in(tmp_path, replace(LIMITS, touch_seconds=60.0)) as ledger:
        ledger.record(scan(0.0, finding()))
        ledger.flush()
        written = ledger._writer.connection.total_changes
        for second in range(1, 60):
            ledger.record(scan(float(second), finding()))
            ledger.flush()
        assert ledger._writer.connection.total_changes == written

        ledger.record(scan(60.0, finding()))
        past = ledger.history().finding(finding().key)

    assert past is not None
    assert (past.count, past.last_seen) == (61, 60.0)


def test_two_daemons_at_once(tmp_path: Path) -> None:
    """The second is refused and told who holds the ledger; after the first has gone it gets in."""
    with ledger_in(tmp_path), pytest.raises(LedgerBusy, match="held by process") as refused:
        ledger_in(tmp_path)
    assert isinstance(refused.value.pid, int)

    ledger_in(tmp_path).close()


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    """A second close does nothing."""
    ledger = ledger_in(tmp_path)
    ledger.close()

    ledger.close()


def test_the_same_event_twice_is_there_once(tmp_path: Path) -> None:
    """An event that is recorded again under its id is one event."""
    with ledger_in(tmp_path) as ledger:
        ledger.use_outputs(["siem"])
        ledger.record(events(1.0, event(7)))
        assert ledger.record(events(2.0, event(7))).events == ()
        ledger.flush()

        assert [one.event.id for one in ledger.outbox("siem").batch(10)] == [event(7).id]


def test_a_flapping_finding_is_no_storm(tmp_path: Path) -> None:
    """Fifty restarts in as many scans are a handful of events; when it stays away that is told, once, in the end."""
    with ledger_in(tmp_path) as ledger:
        heard = []
        for number in range(50):
            heard += told(ledger.record(scan(1000.0 + 20 * number, finding())))
            heard += told(ledger.record(scan(1010.0 + 20 * number)))
        assert heard == ["opened", "resolved", "reopened", "resolved", "reopened", "resolved", "flapping"]
        assert told(ledger.record(scan(2500.0))) == []
        past = ledger.history().finding(finding().key)
        assert past is not None
        assert (past.state, past.flaps, past.opened_at) == (State.RESOLVED, 49, 1000.0)

        assert told(ledger.record(scan(2700.0))) == ["resolved"]
        assert told(ledger.record(scan(9000.0))) == []


def test_clock_steps(tmp_path: Path) -> None:
    """A clock that jumps ten years ahead and back again resolves nothing, tells nothing, and leaves times in order."""
    with ledger_in(tmp_path) as ledger:
        ledger.record(scan(1e9, finding("a"), finding("b")))
        heard = [told(ledger.record(scan(at, finding("a"), finding("b")))) for at in (1.3e9, 1e9 + 5, 5e8, 1e9 + 10)]
        pasts = ledger.history().findings()

    assert heard == [[], [], [], []]
    assert all(past.opened_at <= past.last_seen == 1e9 + 10 for past in pasts)
    assert len(pasts) == 2


def test_many_threads_at_once(tmp_path: Path) -> None:
    """Threads that record and threads that send, with the timer on: every output gets every event once, in order."""
    with open_ledger(tmp_path, now=0.0, limits=replace(LIMITS, group_seconds=0.001)) as ledger:
        ledger.use_outputs(["a", "b"])
        recorded: list[str] = []
        got: dict[str, list[int]] = {"a": [], "b": []}
        ids: dict[str, list[str]] = {"a": [], "b": []}

        def write(base: int) -> None:
            for number in range(base, base + 60):
                recorded.extend(one.id for one in ledger.record(events(1.0, event(number))).events)

        def send(output: str) -> None:
            box = ledger.outbox(output)
            while len(ids[output]) < 240:
                for one in box.batch(7):
                    ids[output].append(one.event.id)
                    got[output].append(one.number)
                    box.advance(one.number)

        threads = [threading.Thread(target=write, args=(1000 * base,)) for base in range(4)]
        threads += [threading.Thread(target=send, args=(output,)) for output in got]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        assert all(sorted(found) == sorted(recorded) for found in ids.values())
        assert all(numbers == sorted(numbers) for numbers in got.values())
        assert len(recorded) == 240


SUBJECTS = st.sampled_from(["a", "b", "c", "d\udcff", '"e'])
FOUND = st.builds(
    finding,
    SUBJECTS,
    st.sampled_from(Severity),
    title=st.sampled_from(["one", "two"]),
    state=st.sampled_from(FindingState),
)
SCANS = st.lists(
    st.tuples(st.floats(-500, 5000), st.lists(FOUND, max_size=5, unique_by=lambda one: one.key)), max_size=12
)


@settings(max_examples=25, deadline=None)
@given(scans=SCANS, flush=st.booleans())
def test_the_open_findings_are_the_last_scans(
    tmp_path_factory: pytest.TempPathFactory, scans: list[tuple[float, list[Finding]]], flush: bool
) -> None:
    """Any sequence of scans, over any restart, leaves exactly the last scan's findings; each event is there once."""
    directory, at = tmp_path_factory.mktemp("ledger"), 1e6
    ids: list[str] = []
    last: list[Finding] = []
    for number, (delta, last) in enumerate(scans):
        at += delta
        with ledger_in(directory) as ledger:
            ids += [one.id for one in ledger.record(scan(at, *last)).events]
            if flush:
                ledger.flush()
            if number % 2:
                ids += [one.id for one in ledger.record(scan(at, *last)).events]
    with ledger_in(directory) as ledger:
        ledger.use_outputs(["siem"])
        assert sorted(last, key=lambda one: one.key) == list(ledger.history().last_findings())
        assert [one.event.id for one in ledger.outbox("siem").batch(1000)] == ids
