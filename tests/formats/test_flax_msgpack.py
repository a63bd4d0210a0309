"""Flax weights."""

import struct

import pytest

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.format import Glimpse
from aiguard_agent.identify.formats.flax_msgpack import FORMAT

REAL = "flax-flax-0.12.8.msgpack"


def text(value: str) -> bytes:
    return bytes([0xA0 | len(value)]) + value.encode()


def array(shape: tuple[int, ...], kind: str = "float32", data: int = 0) -> bytes:
    sizes = b"".join(b"\xce" + struct.pack(">I", side) for side in shape)
    body = b"\x93" + bytes([0x90 | len(shape)]) + sizes + text(kind) + b"\xc6" + struct.pack(">I", data) + bytes(data)
    return b"\xc9" + struct.pack(">IB", len(body), 1) + body


def packed(**members: bytes) -> bytes:
    return bytes([0x80 | len(members)]) + b"".join(text(name) + body for name, body in members.items())


def test_a_real_file_tells_what_it_is(look, example) -> None:
    """A file of Flax gives names, types and shapes of its arrays."""
    header = look(FORMAT, example(REAL))

    assert (header.parameters, header.quantization) == (3 * 4 + 4 + 1, "BF16")
    assert header.complete and not header.remarks and not header.runs_code


def test_names_come_with_their_path(look) -> None:
    """The same leaf below another key is another model."""
    one = look(FORMAT, packed(params=packed(a=packed(w=array((2, 3))))))
    two = look(FORMAT, packed(params=packed(b=packed(w=array((2, 3))))))

    assert one.parameters == two.parameters == 6 and one.fingerprint != two.fingerprint


def test_arrays_are_not_read() -> None:
    """Data of a gigabyte is passed over."""
    size = 1 << 30
    body = b"\x93\x91\xce" + struct.pack(">I", size // 4) + text("float32") + b"\xc6" + struct.pack(">I", size)
    data = b"\x81" + text("w") + b"\xc9" + struct.pack(">IB", len(body) + size, 1) + body
    reader = BytesReader(data, size=len(data) + size)

    header = FORMAT.read(reader, Glimpse(name="x", size=reader.size, head=data, tail=b""))

    assert header is not None and header.complete and header.parameters == size // 4
    assert reader.spent < 20_000


def test_other_values_beside_arrays_are_passed_over(look) -> None:
    """Numbers, texts, nothing and bytes are allowed beside the arrays."""
    data = packed(
        a=b"\x05",
        b=b"\xcb" + bytes(8),
        c=text("x"),
        d=b"\xc0",
        e=b"\xc4\x02zz",
        f=b"\xd4\x03\0",
        g=b"\x90",
        w=array((2,)),
    )

    header = look(FORMAT, data)

    assert header.complete and header.parameters == 2


BROKEN = {
    "cut": packed(a=array((2,)), b=array((2,), data=64))[:-10],
    "list": packed(a=array((2,)), b=b"\x92\x01\x02"),
    "key": b"\x82" + text("a") + array((2,)) + b"\x01\x01",
    "long key": b"\x82" + text("a") + array((2,)) + b"\xdb\x7f\xff\xff\xff",
    "members": b"\xdf\xff\xff\xff\xff" + text("a") + array((2,)),
    "product": packed(a=array((2,)), b=array((2**31, 2**31))),
    "packing": packed(a=array((2,)), b=b"\xc7\x01\x01\x92"),
    "size": packed(a=array((2,)), b=b"\xc7\x08\x01\x93\x91\xc0" + bytes(5)),
    "depth": b"\x82" + text("w") + array((2,)) + text("a") + (b"\x81" + text("a")) * 5000,
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_forged_file_is_not_complete(look, case: str) -> None:
    """What was seen of the arrays makes it one of Flax, and a remark tells the end."""
    header = look(FORMAT, BROKEN[case])

    assert header.format == "flax" and not header.complete and header.remarks


def test_many_members_end_the_reading(look) -> None:
    """A map of half a million members stops at the limit."""
    data = b"\xdf\x00\x10\x00\x00" + text("w") + array((2,)) + b"\xa1a\x01" * 400_000

    assert "more members than are looked at" in look(FORMAT, data).remarks


def test_the_usual_name_without_arrays_is_told(look) -> None:
    """A file that calls itself Flax and holds other things is not passed over in silence."""
    data = packed(params=packed(__reduce__=text("os.system")))

    assert not look(FORMAT, data, name="flax_model.msgpack").complete
    assert look(FORMAT, data, name="data.bin") is None


@pytest.mark.parametrize(
    "data", [b"", b"\x80", b"\x81", b"\x81\xa0\x01", packed(a=b"\x01"), b"\x91" + array((2,)), b"\xdf"]
)
def test_other_bytes_are_not_flax(look, data: bytes) -> None:
    """A map without an array, and an array without a map, are something else."""
    assert look(FORMAT, data) is None
