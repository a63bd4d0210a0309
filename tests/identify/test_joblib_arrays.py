"""Raw arrays between opcodes."""

import pickle

import pytest

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.opcodes import scan
from aiguard_agent.identify.pickle_values import Ended

WRAPPER = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81"


def dump(code: str, shape: bytes, array: bytes, *, aligned: bool = False) -> bytes:
    dtype = b"\x8c\x05dtypecnumpy\ndtype\n\x8c" + bytes([len(code)]) + code.encode() + b"\x85R"
    alignment = b"\x8c\x1bnumpy_array_alignment_bytesK\x10" if aligned else b""
    return b"\x80\x04(" + WRAPPER + b"}(" + dtype + b"\x8c\x05shape" + shape + alignment + b"ub" + array + b"l."


@pytest.mark.parametrize(
    ("code", "shape", "array", "aligned"),
    [
        ("f8", b"K\x02\x85", bytes(16), False),
        ("f8", b"K\x02\x85", b"\x03\xff\xff\xff" + bytes(16), True),
        ("i1", b"K\x02K\x03\x86", b"......", False),
        ("U5", b"K\x01\x85", bytes(20), False),
        ("V16", b"K\x01\x85", bytes(16), False),
        ("f4", b")", bytes(4), False),
        ("O8", b"K\x01\x85", pickle.dumps(["x"], 4), True),
    ],
)
def test_the_array_is_passed_over(code: str, shape: bytes, array: bytes, aligned: bool) -> None:
    """The walk goes on behind the array: by its size, its padding, or its own pickle."""
    data = dump(code, shape, array, aligned=aligned)

    result = scan(BytesReader(data))

    assert (result.ended, result.end) == (Ended.STOP, len(data))


def test_the_array_of_objects_is_looked_into() -> None:
    """What the pickle inside imports counts."""
    result = scan(BytesReader(dump("O8", b"K\x01\x85", b"cos\nsystem\n.")))

    assert "os.system" in [str(one) for one in result.globals]


def test_an_array_of_unknown_size_is_a_break() -> None:
    """A type without a width cannot be passed over."""
    result = scan(BytesReader(dump("zz", b"K\x01\x85", bytes(8))))

    assert (result.ended, result.why) == (Ended.BROKEN, "an array of unknown size")


@pytest.mark.parametrize("inner", [b"\x80\x04N", b"\x80\x04\xff"])
def test_a_damaged_array_of_objects_ends_the_walk(inner: bytes) -> None:
    """Cut or broken inside, the whole is as well; what is behind cannot be found."""
    data = dump("O8", b"K\x01\x85", inner)
    cut = data[: data.index(inner) + len(inner)]

    assert scan(BytesReader(cut)).ended in (Ended.TRUNCATED, Ended.BROKEN)


def test_an_array_beyond_the_file_is_truncated() -> None:
    """A forged shape does not lead out of the file."""
    result = scan(BytesReader(dump("f8", b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86", bytes(8))))

    assert result.ended is Ended.TRUNCATED


def test_nesting_is_bounded() -> None:
    """Arrays of objects in arrays of objects end at a limit."""
    inner = pickle.dumps(1, 4)
    for _ in range(6):
        inner = dump("O8", b"K\x01\x85", inner)

    assert scan(BytesReader(inner)).ended is Ended.LIMIT
