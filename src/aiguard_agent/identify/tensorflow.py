"""What TensorFlow's own protobuf messages share: element types and shapes."""

from __future__ import annotations

from aiguard_agent.identify.protobuf import BYTES, Field, Protobuf, signed

TYPES = {
    1: "F32",
    2: "F64",
    3: "I32",
    4: "U8",
    5: "I16",
    6: "I8",
    7: "STRING",
    8: "C64",
    9: "I64",
    10: "BOOL",
    11: "QI8",
    12: "QU8",
    13: "QI32",
    14: "BF16",
    15: "QI16",
    16: "QU16",
    17: "U16",
    18: "C128",
    19: "F16",
    20: "RESOURCE",
    21: "VARIANT",
    22: "U32",
    23: "U64",
    24: "F8_E5M2",
    25: "F8_E4M3",
    29: "I4",
    30: "U4",
}
"""tensorflow/core/framework/types.proto; a reference to a type is its number plus 100."""
DIMENSION, SIZE = 2, 1
MOST_DIMENSIONS = 254
"""TensorFlow's own limit."""


def type_name(number: int) -> str:
    """Return the name of a DataType."""
    return TYPES.get(number, TYPES.get(number - 100, f"TYPE_{number}"))


def read_shape(walk: Protobuf, shape: Field) -> tuple[int, ...]:
    """Return the sizes of a TensorShapeProto; an unknown one counts 0."""
    sizes: list[int] = []
    for dimension in walk.inside(shape):
        if dimension.number == DIMENSION and dimension.wire == BYTES:
            size = next((f.value for f in walk.inside(dimension) if f.number == SIZE), 0)
            sizes.append(max(0, signed(size)))
            if len(sizes) > MOST_DIMENSIONS:
                raise ValueError("a shape has too many dimensions")
    return tuple(sizes)
