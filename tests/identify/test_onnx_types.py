"""ONNX element types."""

from aiguard_agent.identify.onnx_types import type_name


def test_numbers_have_names() -> None:
    """The names are those other formats use; a number from the future is told as such."""
    assert [type_name(number) for number in (1, 7, 10, 16, 17, 22, 99)] == [
        "F32",
        "I64",
        "F16",
        "BF16",
        "F8_E4M3FN",
        "I4",
        "TYPE_99",
    ]
