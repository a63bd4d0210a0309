"""What is remembered between passes."""

from aiguard_agent.collect.memory import VERIFY_EVERY, Descriptors, Known, Memory, identity_of
from aiguard_agent.core.facts import Process


def test_identity() -> None:
    """A pid alone is nobody."""
    assert identity_of(Process(pid=7, start_ticks=9, started=0)) == (7, 9)


def test_a_pass_forgets_what_is_true_for_one_pass() -> None:
    """Descriptors and their budget begin anew."""
    memory = Memory(descriptors={(1, 1): Descriptors()}, links_read=5)

    memory.begin()

    assert (memory.descriptors, memory.links_read, memory.passes) == ({}, 0, 1)


def test_the_first_and_every_sixth_pass_are_thorough() -> None:
    """Known processes are verified now and then."""
    memory = Memory()
    thorough = []
    for _ in range(2 * VERIFY_EVERY):
        memory.begin()
        thorough.append(memory.thorough)

    assert [number for number, one in enumerate(thorough, 1) if one] == [1, VERIFY_EVERY, 2 * VERIFY_EVERY]


def test_the_dead_are_forgotten() -> None:
    """Only living pids stay known."""
    known = Known(process=Process(pid=7, start_ticks=9, started=0), stamp=())
    memory = Memory(known={7: known, 8: known})

    memory.forget_all_but([8, 9])

    assert set(memory.known) == {8}


def test_a_process_is_judged_once() -> None:
    """What was said when it was met holds for all collectors; strangers and other judges are asked."""
    asked: list[int] = []

    def judge(process: Process) -> bool:
        asked.append(process.pid)
        return True

    one, two, stranger = (Process(pid=pid, start_ticks=9, started=0) for pid in (1, 2, 3))
    memory = Memory(judge=judge)
    memory.known = {1: Known(process=one, stamp=(), interesting=True), 2: Known(process=two, stamp=())}
    again = Process(pid=2, start_ticks=10, started=0)

    assert memory.caring(judge, [one, two, stranger]) == [one, stranger]
    assert asked == [3]
    assert memory.cares(judge, again)
    assert memory.caring(lambda _process: False, [one, two, stranger]) == []
