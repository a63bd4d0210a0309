"""The table of opcodes."""

import pickletools

import pytest

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.opcodes import scan
from aiguard_agent.identify.pickle_steps import MAX_KEPT, MAX_LIST, STEPS
from aiguard_agent.identify.pickle_values import UNKNOWN, Ended, Global, Made


def test_every_opcode_of_python_is_known() -> None:
    """The table has exactly the opcodes that the standard library documents."""
    assert {ord(op.code) for op in pickletools.opcodes} == set(STEPS)


def test_long_texts_and_lists_are_not_kept() -> None:
    """A text that is no name is passed over, a list keeps a bounded number of values, and no numbers."""
    long_text = b"X" + (MAX_KEPT + 1).to_bytes(4, "little") + b"x" * (MAX_KEPT + 1)

    assert scan(BytesReader(long_text + b".")).value is UNKNOWN
    assert scan(BytesReader(b"](K\x01X\x01\x00\x00\x00aN" + b"e.")).value == ["a", None]
    many = scan(BytesReader(b"](" + b"N" * (MAX_LIST + 9) + b"e.")).value
    assert isinstance(many, list) and len(many) == MAX_LIST


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"c" + b"x" * 20_000 + b"\ny\n.", "a name of absurd length"),
        (b"Shello\n.", "a string without quotes"),
        (b"(o.", "an object without class"),
        (b"}(K\x01u.", "a key without value"),
        (b"g" + b"1" * 30 + b"\n.", "a memo number out of range"),
    ],
)
def test_what_no_pickler_writes_is_a_break(data: bytes, why: str) -> None:
    """Each has words of its own."""
    result = scan(BytesReader(data))

    assert (result.ended, result.why) == (Ended.BROKEN, why)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"S'" + b"x" * 20_000 + b"'\n.", UNKNOWN),
        (b"S'a\\nb'\n.", UNKNOWN),
        (b"Vx\n.", "x"),
        (b"N(0.", None),
        (b"](K\x01]e.", [[]]),
        (b"}(X\x01\x00\x00\x00aK\x02NK\x03u.", {"a": 2}),
        (b"K\x05Nb.", 5),
        (b"K\x05Na.", 5),
        (b"K\x05NNs.", 5),
    ],
)
def test_odd_but_walkable_streams_have_a_value(data: bytes, expected: object) -> None:
    """Long texts, escapes, an empty mark, keys of no use, and states for things that are not followed."""
    result = scan(BytesReader(data))

    assert (result.ended, result.value) == (Ended.STOP, expected)


def test_a_call_with_keywords_is_a_call() -> None:
    """NEWOBJ_EX takes class, arguments and keywords."""
    value = scan(BytesReader(b"\x80\x04cm\nC\nK\x01\x85}\x92.")).value

    assert isinstance(value, Made)
    assert (value.what, value.args) == (Global("m", "C"), (1,))
