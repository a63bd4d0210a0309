"""TensorFlow's types and shapes."""

import pytest

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.protobuf import BYTES, Field, Protobuf
from aiguard_agent.identify.tensorflow import read_shape, type_name
from aiguard_agent.identify.window import Window


def shape(data: bytes) -> tuple[int, ...]:
    field = Field(2, BYTES, len(data), 0, len(data))
    return read_shape(Protobuf(Window(BytesReader(data))), field)


def test_types_and_references_have_the_same_name() -> None:
    """A reference counts as its type; an unknown number is told."""
    assert [type_name(number) for number in (1, 101, 14, 999)] == ["F32", "F32", "BF16", "TYPE_999"]


def test_sizes_are_read_and_unknown_ones_count_zero() -> None:
    """-1 stands for a size that is not known, an empty dimension for none given."""
    unknown = b"\x12\x0b\x08" + b"\xff" * 9 + b"\x01"

    assert shape(b"\x12\x02\x08\x03" + unknown + b"\x12\x00") == (3, 0, 0)
    assert shape(b"") == ()


def test_endless_shapes_are_refused() -> None:
    """TensorFlow itself allows 254 dimensions."""
    with pytest.raises(ValueError, match="too many dimensions"):
        shape(b"\x12\x02\x08\x01" * 255)
