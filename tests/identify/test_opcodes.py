"""Walk pickles without loading them."""

import collections
import io
import pickle
import pickletools
import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.opcodes import scan
from aiguard_agent.identify.pickle_steps import STEPS
from aiguard_agent.identify.pickle_values import UNKNOWN, Ended, Global, Made, Scan


def walk(data: bytes, **more: int) -> Scan:
    return scan(BytesReader(data), **more)


def named(data: bytes) -> list[str]:
    return [str(one) for one in walk(data).globals]


VALUES = [
    {"a": [1, 2.5, None, True], "b": ("x", b"y", "é" * 300)},
    [10**30, -1, -(10**30), 70000, "x" * 100_000, b"y" * 70_000],
    {1, 2, 3},
    frozenset("ab"),
    collections.OrderedDict(a=collections.Counter("aab")),
    [[[[[]]]]] * 3,
    bytearray(b"abc"),
    complex(1, 2),
    "line\nbreak \\ and 'quote'",
]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_it_walks_what_python_writes(value: object, protocol: int) -> None:
    """Every protocol's stream is walked to its last byte, with the globals that pickletools sees."""
    data = pickle.dumps(value, protocol)
    expected = {arg for op, arg, _ in pickletools.genops(data) if op.name == "GLOBAL"}

    result = walk(data)

    assert (result.ended, result.end) == (Ended.STOP, len(data))
    assert {f"{one.module} {one.name}" for one in result.globals} >= expected


def test_out_of_band_buffers_are_walked() -> None:
    """Protocol 5 may refer to buffers that are kept elsewhere."""
    kept: list[pickle.PickleBuffer] = []
    data = pickle.dumps(pickle.PickleBuffer(bytearray(b"abc")), 5, buffer_callback=kept.append)

    assert walk(data).ended is Ended.STOP
    assert kept


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(S'id'\ntR.",
        b"(S'id'\nios\nsystem\n.",
        b"(cos\nsystem\nS'id'\no.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
        b"\x80\x04\x8c\x06system\x94\x8c\x02os\x94h\x00\x93.",
        b"\x80\x04\x8c\x02os\x94\x8c\x06system\x940h\x00\x8c\x06system\x93.",
        b"\x80\x04\x8c\x06system\x8c\x02os\x94p5\n0g5\nh\x00\x8c\x06system\x93.",
        b"\x80\x04(\x8c\x01x1\x8c\x02os2\x940\x8c\x06system\x93.",
    ],
)
def test_a_global_is_found_however_it_is_named(data: bytes) -> None:
    """GLOBAL, INST, OBJ and STACK_GLOBAL through memo, DUP and marks all give the name; a swap gives what loads."""
    assert any("os" in name for name in named(data))


def test_a_memo_swap_gives_the_name_that_loads() -> None:
    """The memo's entry counts, not the last text in the stream."""
    assert named(b"\x80\x04\x8c\x02os\x940\x8c\x04json\x94h\x00\x8c\x06system\x93.") == ["os.system"]


def test_a_computed_name_is_told() -> None:
    """A global whose name is the result of a call is dynamic, not absent."""
    result = walk(b"\x80\x04cbuiltins\nstr\n\x8c\x02os\x85R\x8c\x06system\x93.")

    assert result.dynamic and result.imports


def test_the_extension_registry_is_told() -> None:
    """EXT opcodes name code by number."""
    assert walk(b"\x80\x02\x82\x01.").extensions


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x80\x04cos\nsystem\nR.", "stack underflow"),
        (b"cos\nsystem\nh\x07.", "memo 7 was never written"),
        (b"cos\nsystem\nt.", "no mark on the stack"),
        (b"cos\nsystem\n\xff", "unknown opcode 0xff"),
        (b"cos\nsystem\n\x80\x09", "protocol 9"),
    ],
)
def test_what_came_before_a_break_is_kept(data: bytes, why: str) -> None:
    """A broken stream runs up to its break, so its globals count."""
    result = walk(data)

    assert (result.ended, result.why) == (Ended.BROKEN, why)
    assert result.globals == (Global("os", "system"),)


def test_a_huge_length_is_truncated_and_not_allocated() -> None:
    """Lengths of 2^31 and 2^63 are compared with the file first."""
    for data in (
        b"B\xff\xff\xff\x7f",
        b"\x8e" + struct.pack("<Q", 1 << 63),
        b"\x8b\xff\xff\xff\xff",
        b"T\xff\xff\xff\xff",
    ):
        assert walk(b"\x80\x04" + data + b"x").ended is Ended.TRUNCATED


def test_big_values_are_skipped() -> None:
    """A value of 100 MB is passed over unread."""
    data = b"\x80\x04\x8e" + struct.pack("<Q", 100_000_000)
    reader = BytesReader(data, size=len(data) + 100_000_000)

    scan(reader)

    assert reader.spent < 1_000


def test_the_number_of_opcodes_is_bounded() -> None:
    """A stream of more opcodes ends at the limit."""
    result = walk(b"\x80\x04" + b"N0" * 10_000, max_opcodes=5_000)

    assert (result.ended, result.opcodes) == (Ended.LIMIT, 5_000)


def test_bombs_cost_nothing() -> None:
    """Lists of lists of one another, doubling tuples and deep nesting are walked, not built."""
    doubling = b"\x80\x04)" + b"2\x86" * 200 + b"."
    pairs = (b"](h" + bytes([n]) + b"h" + bytes([n]) + b"e\x94" for n in range(60))
    laughs = b"\x80\x04]\x94" + b"".join(pairs) + b"."
    deep = b"\x80\x04" + b"]" * 100_000 + b"a" * 99_999 + b"."

    for data in (doubling, laughs, deep):
        assert walk(data).ended is Ended.STOP


def test_calls_and_states_are_kept_as_values() -> None:
    """A call with its state and items is what the caller of the scan looks into."""
    data = pickle.dumps(collections.OrderedDict(weight=(2, 3), other=[1]), 2)

    value = walk(data).value

    assert isinstance(value, Made)
    assert value.what == Global("collections", "OrderedDict")
    assert value.items["weight"] == (2, 3)


def test_a_walk_starts_where_it_is_told() -> None:
    """Streams in a row are walked one by one."""
    data = pickle.dumps(1, 2) + pickle.dumps({"x": 2}, 2)

    first = walk(data)
    second = walk(data, start=first.end)

    assert (first.value, second.value, second.end) == (1, {"x": 2}, len(data))


def test_numbers_of_absurd_length_stay_unknown() -> None:
    """A text integer of 10,000 digits is not converted."""
    assert walk(b"I" + b"1" * 10_000 + b"\n.").value is UNKNOWN


@given(st.binary(max_size=300))
@example(b"S'\\q'\n.")
@example(b"V\\u12\n.")
@example(b"p-1\n.")
@example(b"I1_0\n.")
@settings(max_examples=150)
def test_any_bytes_give_a_scan(data: bytes) -> None:
    """Whatever the bytes, the walk ends with a value."""
    result = walk(data)

    assert result.end <= len(data)


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=60), st.binary(max_size=40))
@settings(max_examples=150)
def test_any_opcodes_give_a_scan(codes: list[int], rest: bytes) -> None:
    """So do opcodes in any order."""
    assert walk(bytes(codes) + rest).opcodes <= len(codes) + len(rest)


def test_it_never_loads() -> None:
    """A pickle that would write a file when loaded leaves no trace."""

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return (exec, ("raise SystemExit('loaded')",))

    buffer = io.BytesIO()
    pickle.Pickler(buffer, 4).dump(Trap())

    assert named(buffer.getvalue()) == ["builtins.exec"]
