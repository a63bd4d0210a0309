"""The life of one source, its clock in our hands."""

from __future__ import annotations

import time

import pytest

from aiguard_agent.collect.host import Host
from aiguard_agent.core.facts import Blind, BlindKind
from aiguard_agent.core.hint import HintKind
from aiguard_agent.watch.life import MUTE_READS, Life, Proof
from aiguard_agent.watch.watcher import Settings


@pytest.fixture
def life(play) -> Life:
    return Life(play.watcher, Host(), Settings(canary_seconds=2.0, canary_every=100.0))


def prove(life: Life, now: float) -> None:
    for hint in life.read(now, called=True):
        life.claims(hint, now)


def test_opened_and_proved(life: Life, play) -> None:
    """Opening lets a canary out; told, the source is up and proved, the latency known, the canary cleared up."""
    now = time.monotonic()
    assert life.tend(now) == []
    assert life.state().proof is Proof.PENDING

    prove(life, now + 0.5)

    state = life.state()
    assert (state.up, state.proof, state.opened, state.words) == (True, Proof.OK, 1, "a pipe")
    assert 0.4 < state.latency < 0.6
    assert play.undone == 1
    assert life.blinds() == ()


def test_a_canary_is_nobody_elses_concern(life: Life, play, make_hint) -> None:
    """Hints of the canary, its end included, are claimed, also a moment after; others are not."""
    now = time.monotonic()
    life.tend(now)
    prove(life, now)

    assert life.claims(make_hint(1001, gone=True), now + 1.0)
    assert life.claims(make_hint(1001, source="another"), now + 1.0)
    assert not life.claims(make_hint(1), now)
    life.tend(now + 60.0)
    assert not life.claims(make_hint(1001), now + 60.0)


def test_what_another_source_tells_proves_nothing(life: Life, play, make_hint) -> None:
    """Our canary told by somebody else does not prove us."""
    play.deaf = True
    now = time.monotonic()
    life.tend(now)

    assert life.claims(make_hint(1001, source="another"), now)

    assert life.state().proof is Proof.PENDING


def test_a_deaf_source_is_opened_again(life: Life, play) -> None:
    """A canary that is not told in time means a loss, a Blind, and another try later."""
    play.deaf = True
    now = time.monotonic()
    life.tend(now)
    assert life.tend(now + 1.0) == []

    hints = life.tend(now + 2.1)

    assert [(hint.kind, hint.source) for hint in hints] == [(HintKind.LOST, "pipe")]
    assert (life.state().up, life.state().proof) == (False, Proof.LOST)
    assert [(blind.collector, blind.kind) for blind in life.blinds()] == [("pipe", BlindKind.TIMEOUT)]
    assert play.pipe.closed == 1
    assert play.undone == 1
    play.deaf = False
    assert [hint.kind for hint in life.tend(life.again)] == [HintKind.LOST]
    prove(life, life.again)
    assert life.state().proof is Proof.OK


def test_a_source_that_dies(life: Life, play) -> None:
    """An error while reading closes it: one lost hint, a Blind with the reason, its counts kept."""
    now = time.monotonic()
    life.tend(now)
    prove(life, now)
    play.error = OSError(9, "Bad file descriptor")

    hints = life.read(now + 1.0, called=True)

    assert [hint.subject for hint in hints] == ["pipe ended: Bad file descriptor"]
    assert life.source is None
    (blind,) = life.blinds()
    assert (blind.subject, blind.reason) == ("live events (process)", "Bad file descriptor")
    state = life.state()
    assert (state.up, state.since, state.events) == (False, now + 1.0, 1)


def test_trying_again_takes_longer_each_time(life: Life, play) -> None:
    """Half a second, then twice as long up to a minute; a canary that is told starts over."""
    play.refuse = PermissionError(1, "Operation not permitted")
    now, waits = 100.0, []
    for _ in range(9):
        life.tend(now)
        waits.append(life.again - now)
        assert life.tend(life.again - 0.01) == []
        now = life.again

    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert life.blinds()[0].kind is BlindKind.DENIED
    assert life.due() == life.again

    play.refuse, now = None, time.monotonic()
    life.again = now
    life.tend(now)
    prove(life, now)
    play.error = OSError("x")
    life.read(now, called=True)
    assert life.again - now == pytest.approx(0.5)


@pytest.mark.parametrize("error", [ValueError("odd"), RuntimeError(), ImportError("no module")])
def test_any_error_is_one_sources_own(life: Life, play, error: Exception) -> None:
    """Whatever a watcher raises, it is that watcher's end and nobody else's."""
    play.refuse = error

    assert life.tend(1.0) == []

    assert life.blinds()[0].reason == (str(error) or type(error).__name__)


def test_a_source_that_only_claims_to_have_something(life: Life, play) -> None:
    """Readable for ever and never anything there would be a busy loop: it is taken for dead."""
    now = time.monotonic()
    life.tend(now)
    prove(life, now)
    play.stuck = True
    for _ in range(MUTE_READS):
        assert life.read(now, called=True) == []

    assert [hint.kind for hint in life.read(now, called=True)] == [HintKind.LOST]


def test_a_source_that_looks_by_itself_may_find_nothing(life: Life, play) -> None:
    """Looks that were due, not called for, may come home empty as often as they like."""
    now = time.monotonic()
    life.tend(now)
    play.stuck = True
    for _ in range(MUTE_READS * 2):
        life.read(now, called=False)

    assert life.source is not None


def test_a_canary_that_cannot_be_let_out(life: Life, play) -> None:
    """The source stays open and says that it is not proved."""
    play.no_canary = True

    life.tend(1.0)

    state = life.state()
    assert (state.up, state.proof) == (True, Proof.UNTRIED)


def test_canaries_come_again(life: Life, play) -> None:
    """One every so often, and one when asked."""
    now = time.monotonic()
    life.tend(now)
    prove(life, now)
    life.tend(now + 99.0)
    assert play.canaries == 1
    life.prove()
    life.tend(now + 99.0)
    prove(life, now + 99.0)
    assert play.canaries == 2
    life.tend(now + 200.0)

    assert play.canaries == 3


def test_no_regular_canaries(play) -> None:
    """Every 0 seconds means at the start and when asked."""
    life = Life(play.watcher, Host(), Settings(canary_every=0.0))
    now = time.monotonic()
    life.tend(now)
    prove(life, now)

    assert life.due() == float("inf")


def test_an_open_source_tells_its_own_blinds(life: Life, play) -> None:
    """What a source cannot see though it is open is passed on."""
    play.blinds = (Blind(collector="pipe", subject="x", reason="y"),)
    life.tend(1.0)

    assert life.blinds() == play.blinds


def test_hearing(life: Life, play, make_hint) -> None:
    """A source hears what others told, not its own words; an error in it is its end."""
    now = time.monotonic()
    life.tend(now)
    life.hear([make_hint(1), make_hint(2, source="another")], now)
    assert [hint.pid for hint in play.pipe.heard] == [2]

    play.pipe.hear = lambda _hints: 1 / 0

    assert [hint.kind for hint in life.hear([make_hint(2, source="another")], now)] == [HintKind.LOST]


def test_closing_twice(life: Life, play) -> None:
    """Closing clears up after a canary that is out, and may be repeated."""
    life.tend(1.0)

    life.close()
    life.close()

    assert (play.pipe.closed, play.undone) == (1, 1)
