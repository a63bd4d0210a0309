"""Holding hints back."""

from __future__ import annotations

from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.watch.merge import Merger, lost


def hint(subject: str, at: float = 0.0, kind: HintKind = HintKind.PROCESS) -> Hint:
    return Hint(source="s", kind=kind, subject=subject, at=at)


def test_repetitions_become_one() -> None:
    """Hints of one kind and subject are handed on once, the first of them, when it has waited."""
    merger = Merger(0.03, 10)
    for at in (1.0, 1.01, 1.02):
        merger.add(hint("pid 1", at), at)

    assert merger.ready(1.02) == []
    assert merger.ready(1.031) == [hint("pid 1", 1.0)]
    assert merger.ready(9.0) == []
    assert merger.merged == 2


def test_a_steady_stream_does_not_starve() -> None:
    """A file that is written all the time is told every hold, not when it ends."""
    merger = Merger(0.03, 10)
    times = []
    for step in range(100):
        now = step / 100
        merger.add(hint("/m.gguf", now, HintKind.FILE), now)
        times += [now for _ in merger.ready(now)]

    assert len(times) >= 20


def test_the_time_in_the_kernel_counts() -> None:
    """A hint that was read late has waited already; one from the future waits from now."""
    merger = Merger(0.03, 10)
    merger.add(hint("pid 1", 0.98), 1.0)
    merger.add(hint("pid 2", 7.0), 1.0)

    assert [one.subject for one in merger.ready(1.011)] == ["pid 1"]
    assert [one.subject for one in merger.ready(1.031)] == ["pid 2"]


def test_kinds_do_not_mix() -> None:
    """The same words of another kind are another hint; so is the end of a process."""
    merger = Merger(0.0, 10)
    merger.add(hint("x"), 1.0)
    merger.add(hint("x", kind=HintKind.FILE), 1.0)
    merger.add(hint("x ended"), 1.0)

    assert len(merger.ready(1.0)) == 3


def test_a_loss_does_not_wait() -> None:
    """A lost hint is due at once, before those that came earlier and wait."""
    merger = Merger(5.0, 10)
    merger.add(hint("pid 1", 1.0), 1.0)
    merger.add(lost("overrun", 1.0), 1.0)

    assert merger.due() == 1.0
    assert [one.kind for one in merger.ready(1.0)] == [HintKind.LOST]
    assert merger.due() == 6.0


def test_too_many_become_one_loss() -> None:
    """What has no room is counted, and one lost hint stands for all of it."""
    merger = Merger(1.0, 3)
    for number in range(10):
        merger.add(hint(f"pid {number}", 1.0), 1.0)

    ready = merger.ready(1.0)

    assert [(one.kind, one.subject) for one in ready] == [(HintKind.LOST, "more than 3 hints at once")]
    assert merger.dropped == 7
    assert len(merger.ready(2.0)) == 3


def test_nothing_is_due_when_nothing_waits() -> None:
    """An empty merger asks for no waking."""
    assert Merger(1.0, 3).due() is None
