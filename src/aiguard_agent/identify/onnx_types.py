"""Element types of ONNX tensors, which ONNX Runtime's own files number in the same way."""

from __future__ import annotations

TYPES = dict(
    enumerate(
        "UNDEFINED F32 U8 I8 U16 I16 I32 I64 STRING BOOL F16 F64 U32 U64 C64 C128 BF16 "
        "F8_E4M3FN F8_E4M3FNUZ F8_E5M2 F8_E5M2FNUZ U4 I4 F4_E2M1 F8_E8M0 U2 I2".split()
    )
)
"""TensorProto.DataType of onnx 1.23."""


def type_name(number: int) -> str:
    """Return the type's name, or its number for one from the future."""
    return TYPES.get(number, f"TYPE_{number}")
