"""The life of one finding."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from aiguard_agent.core.finding import Severity
from aiguard_agent.core.turn import Turned
from aiguard_agent.ledger.life import Life, Now, State, gone, seen, settled

WINDOW, LIMIT = 100.0, 3


def now(at: float, scan: int = 1) -> Now:
    return Now(at=at, scan=scan, flap_seconds=WINDOW, flap_limit=LIMIT)


def see(
    life: Life | None,
    at: float,
    state: State = State.OPEN,
    severity: Severity = Severity.HIGH,
    text: str = "a",
    scan: int = 1,
) -> tuple[Life, Turned | None]:
    return seen(life, state, severity, text, now(at, scan))


def born(at: float = 0.0, **changes: object) -> Life:
    return see(None, at, **changes)[0]  # type: ignore[arg-type]  # named by the caller


def test_first_sight_opens() -> None:
    """What was never seen is opened; what somebody waived before is told as waived."""
    assert see(None, 5.0)[1] is Turned.OPENED
    assert see(None, 5.0, State.WAIVED)[1] is Turned.WAIVED


def test_still_there_is_not_told() -> None:
    """What is as it was is not told again, but seen and counted by scans."""
    life, told = see(born(scan=1), 9.0, scan=4)

    assert told is None
    assert (life.last_seen, life.count, life.opened_at) == (9.0, 4, 0.0)


def test_another_substance_is_a_change() -> None:
    """A finding whose substance differs is told as changed, once."""
    life, told = see(born(), 500.0, text="b")

    assert told is Turned.CHANGED
    assert see(life, 501.0, text="b")[1] is None


def test_gone_and_back_later_is_a_new_episode() -> None:
    """What comes back after the window is reopened with its counts afresh."""
    away, told = gone(born(), now(500.0))
    back, again = see(away, 700.0)

    assert (told, again) == (Turned.RESOLVED, Turned.REOPENED)
    assert (back.opened_at, back.count, back.flaps, back.resolved_at) == (700.0, 1, 0, None)


def test_gone_and_back_at_once_is_the_same_finding() -> None:
    """What comes back within the window is the same finding with one flap more."""
    away, _told = gone(born(), now(500.0))
    back, told = see(away, 510.0)

    assert told is Turned.REOPENED
    assert (back.opened_at, back.flaps) == (0.0, 1)


def flap(life: Life, times: int, at: float) -> tuple[Life, list[Turned], float]:
    heard: list[Turned] = []
    for _ in range(times):
        for step in (lambda one, t: gone(one, now(t)), lambda one, t: see(one, t)):
            at += 10.0
            life, told = step(life, at)
            heard += [told] if told else []
    return life, heard, at


def test_flapping_is_told_once_and_then_not_at_all() -> None:
    """A hundred closings and openings are a handful of events, the last of them `flapping`."""
    life, heard, _at = flap(born(), 100, 0.0)

    assert life.flaps == 100
    assert len(heard) <= 2 * LIMIT + 1
    assert heard[-1] is Turned.FLAPPING


def test_after_a_flapping_the_truth_is_told() -> None:
    """A finding that flapped and stays closed is told as resolved when it has been quiet for the window."""
    life, _heard, at = flap(born(), 10, 0.0)
    life, told = gone(life, now(at + 1))
    assert told is None
    assert settled(life, now(at + WINDOW))[1] is None

    life, told = settled(life, now(at + 2 + WINDOW))

    assert told is Turned.RESOLVED
    assert life.told
    assert settled(life, now(at + 900))[1] is None


def test_a_silenced_finding_that_gets_worse_is_told() -> None:
    """Damping never hides a severity above the one that was told."""
    life, _heard, at = flap(born(severity=Severity.LOW), 10, 0.0)
    _life, told = see(life, at + 1, severity=Severity.CRITICAL, text="worse")

    assert told is Turned.CHANGED


def test_waivers_are_never_damped() -> None:
    """Somebody's decision is told even of a finding that flaps."""
    life, _heard, at = flap(born(), 10, 0.0)
    life, told = see(life, at + 1, State.WAIVED)
    assert told is Turned.WAIVED

    assert see(life, at + 2, State.OPEN)[1] is Turned.REOPENED


def test_a_clock_set_back_starts_the_window_again() -> None:
    """After a step back by a year a silenced finding settles after the window, not after a year."""
    life, _heard, at = flap(born(1e9), 10, 1e9)
    life, _told = gone(life, now(at + 1))
    early = at - 3e7
    life, told = settled(life, now(early))
    assert told is None

    assert settled(life, now(early + WINDOW + 1))[1] is Turned.RESOLVED


STEP = st.tuples(
    st.floats(-1000, 1000), st.sampled_from([None, *State]), st.sampled_from("ab"), st.sampled_from(Severity)
)


@settings(deadline=None)
@given(st.lists(STEP, max_size=30))
def test_whatever_happens_the_truth_is_told_in_the_end(steps: list[tuple[float, State | None, str, Severity]]) -> None:
    """Any steps of clock and finding, then quiet: what was told last is what is true, and times are in order."""
    at, life = 5000.0, born(5000.0)
    for delta, state, text, severity in steps:
        at += delta
        if state is None or state is State.RESOLVED:
            life = gone(life, now(at))[0] if life.state is not State.RESOLVED else settled(life, now(at))[0]
        else:
            life = seen(life, state, severity, text + severity.word, now(at))[0]
        assert life.opened_at <= max(life.last_seen, at)
        assert life.turned_at <= at
    life, _told = settled(life, now(at))
    life, _told = settled(life, now(at + WINDOW + 1))

    assert life.told
