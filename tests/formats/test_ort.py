"""ONNX Runtime's own format."""

import pytest

from aiguard_agent.identify.formats.ort import FORMAT

REAL = "ort-onnxruntime-1.32.0.ort"


def test_a_real_file_tells_what_it_is(look, example) -> None:
    """A file of ONNX Runtime gives producer, words and weights."""
    header = look(FORMAT, example(REAL))

    assert (header.author, header.license, header.parameters) == ("Some Lab", "Apache-2.0", 16)
    assert header.complete and not header.remarks and not header.runs_code
    assert dict(header.extra)["producer"] == "hand"


def test_a_conversion_keeps_the_fingerprint(look, example) -> None:
    """The ONNX model it was made of has the same tensors."""
    from aiguard_agent.identify.formats import onnx

    assert look(FORMAT, example(REAL)).fingerprint == look(onnx.FORMAT, example("onnx-onnx-1.23.2.onnx")).fingerprint


def test_forged_offsets_end_well(look, example) -> None:
    """Any four bytes overwritten with extremes leave a header, complete or not, and never an exception."""
    data = example(REAL)
    broken = 0
    for place in [0, *range(8, len(data) - 4, 4)]:
        for value in (b"\xff\xff\xff\x7f", b"\0\0\0\0"):
            broken += not look(FORMAT, data[:place] + value + data[place + 4 :]).complete

    assert broken > 20


@pytest.mark.parametrize("data", [b"", b"ORTM", b"\x20\0\0\0TFL3" + bytes(100)])
def test_other_bytes_are_not_ort(look, data: bytes) -> None:
    """Only the identifier at its place counts."""
    assert look(FORMAT, data) is None
