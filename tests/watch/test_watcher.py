"""Deeds, the one thing in the contract that does something."""

from __future__ import annotations

from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.watch.watcher import Deed, Settings


def hint(pid: int, *, gone: bool = False) -> Hint:
    return Hint(source="s", kind=HintKind.PROCESS, subject=f"pid {pid}", at=0.0, pid=pid, gone=gone)


def deed(*pids: int, done: list[int] | None = None) -> Deed:
    noted = [] if done is None else done
    return Deed([lambda one, pid=pid: one.pid == pid for pid in pids], lambda: noted.append(1), 5.0)


def test_a_deed_is_seen_when_all_of_it_was_told() -> None:
    """Each part must be told; repetitions and strangers do not count."""
    both = deed(1, 2)
    for pid in (1, 1, 3):
        both.tell(hint(pid))
    assert not both.seen

    both.tell(hint(2))

    assert both.seen


def test_the_end_of_it_proves_nothing() -> None:
    """That the canary's process ended is about the deed, but does not prove that starts are told."""
    one = deed(1)
    one.tell(hint(1, gone=True))

    assert one.is_about(hint(1, gone=True))
    assert not one.is_about(hint(2))
    assert not one.seen


def test_undoing_twice_undoes_once() -> None:
    """Clearing up happens once."""
    done: list[int] = []
    one = deed(1, done=done)

    one.undo()
    one.undo()

    assert done == [1]


def test_without_an_agent_every_name_may_be_a_model() -> None:
    """The default filter of names keeps nothing back."""
    assert Settings().may_be_model("whatever")
