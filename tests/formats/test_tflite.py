"""TensorFlow Lite models."""

import pytest

from aiguard_agent.identify.formats.tflite import FORMAT

REAL = "tflite-tensorflow-2.21.0.tflite"


def test_a_real_file_tells_what_it_is(look, example) -> None:
    """A file of TensorFlow's converter gives description and weights."""
    header = look(FORMAT, example(REAL))

    assert (header.name, header.parameters, header.quantization) == ("main", 12, "F32")
    assert header.complete and header.fingerprint and not header.remarks and not header.runs_code
    assert dict(header.extra)["description"] == "MLIR Converted."


def test_forged_offsets_end_well(look, example) -> None:
    """Any four bytes overwritten with extremes leave a header, complete or not, and never an exception."""
    data = example(REAL)
    broken = 0
    for place in [0, *range(8, len(data) - 4, 4)]:
        for value in (b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\xff\xff\xff\xff"):
            header = look(FORMAT, data[:place] + value + data[place + 4 :])
            broken += not header.complete

    assert broken > 20


def test_a_cut_model_is_not_complete(look, example) -> None:
    """A model that ends early says so."""
    header = look(FORMAT, example(REAL)[:200])

    assert header.format == "tflite" and not header.complete and header.remarks


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\x20\0\0\0TFL2" + bytes(100), b"\x20\0\0\0ORTM" + bytes(100)])
def test_other_bytes_are_not_tflite(look, data: bytes) -> None:
    """Only the identifier at its place counts."""
    assert look(FORMAT, data) is None
