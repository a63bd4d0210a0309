"""TensorFlow SavedModels."""

import pytest

from aiguard_agent.identify.formats.savedmodel import FORMAT

REAL = "tf-savedmodel-tensorflow-2.21.0.pb"


def part(field: int, value: bytes) -> bytes:
    assert len(value) < 128
    return bytes([field << 3 | 2, len(value)]) + value


def test_a_real_file_tells_what_it_is(look, example) -> None:
    """A file of TensorFlow gives its version, tags, signatures and variables; it runs no code by itself."""
    header = look(FORMAT, example(REAL), name="saved_model.pb")

    assert (header.parameters, header.quantization) == (3 * 4 + 4, "F32")
    assert header.links == ("variables/variables.index",)
    assert header.complete and not header.remarks and not header.runs_code
    extra = dict(header.extra)
    assert (extra["tensorflow_version"], extra["tags"]) == ("2.21.0", "serve")
    assert "serving_default" in extra["signatures"]


def test_a_graph_without_objects_is_one_too(look) -> None:
    """A model of TensorFlow 1 has a graph definition and no list of objects."""
    header = look(FORMAT, b"\x08\x01" + part(2, part(1, part(4, b"serve") + part(5, b"1.15.0")) + part(2, b"")))

    assert header.complete and header.parameters is None and header.links == ()
    assert dict(header.extra) == {"tags": "serve", "tensorflow_version": "1.15.0"}


def test_a_cut_model_is_not_complete(look, example) -> None:
    """Half a file says what it can and does not pass for whole."""
    data = example(REAL)

    header = look(FORMAT, data[: len(data) // 2])

    assert dict(header.extra)["tensorflow_version"] == "2.21.0"
    assert not header.complete and header.fingerprint == ""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x08\x01",
        b"\x08\x02" + part(2, part(1, b"")),
        b"\x08\x01" + part(2, b""),
        b"\x08\x01" + part(2, b"some text"),
        b"\x08\x01" + part(2, part(9, b"x")),
        b"\x08\x01" + part(2, part(1, b"")) + part(3, b""),
        b"\x08\x01" + part(2, b"maker") + part(7, part(1, b"")),
    ],
)
def test_other_bytes_are_not_a_savedmodel(look, data: bytes) -> None:
    """Other schema versions, other messages and ONNX are something else."""
    assert look(FORMAT, data) is None
