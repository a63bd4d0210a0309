"""The stack machine's own promises."""

import pytest

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.cursor import Cursor
from aiguard_agent.identify.pickle_machine import MAX_GLOBALS, Broken, Machine


def make() -> Machine:
    return Machine(Cursor(BytesReader(b""), 0, 0), {}, 10)


def test_a_mark_guards_what_lies_below() -> None:
    """Nothing takes values from below the last mark."""
    machine = make()
    machine.push("below")
    machine.marks.append(1)

    with pytest.raises(Broken):
        machine.pop()
    with pytest.raises(Broken):
        machine.top()


def test_marks_nest() -> None:
    """The innermost mark is taken first."""
    machine = make()
    for mark, value in ((0, "a"), (1, "b")):
        machine.marks.append(mark)
        machine.push(value)

    assert (machine.pop_mark(), machine.pop_mark()) == (["b"], ["a"])
    with pytest.raises(Broken):
        machine.pop_mark()


def test_the_number_of_globals_is_bounded() -> None:
    """A stream that names a million things keeps the first of them."""
    machine = make()

    for number in range(MAX_GLOBALS + 5):
        machine.name("m", f"n{number}")

    assert len(machine.globals) == MAX_GLOBALS
