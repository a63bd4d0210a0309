"""The table of opcodes."""

import pickletools

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.opcodes import scan
from aiguard_agent.identify.pickle_steps import MAX_KEPT, MAX_LIST, STEPS
from aiguard_agent.identify.pickle_values import UNKNOWN


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
