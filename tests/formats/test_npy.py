"""NumPy arrays."""

import pytest

from aiguard_agent.identify.formats.npy import FORMAT


def test_type_and_shape_are_read(look, example) -> None:
    """A plain array is data that runs nothing."""
    header = look(FORMAT, example("numpy/plain.npy"))

    assert (header.role, header.parameters, header.quantization) == ("data", 12, "F32")
    assert not header.runs_code and header.fingerprint


@pytest.mark.parametrize("name", ["objects.npy", "structured.npy"])
def test_objects_run_code(look, example, name: str) -> None:
    """An array of objects, or with one field of them, is unpickled."""
    header = look(FORMAT, example(f"numpy/{name}"))

    assert header.runs_code
    assert header.remarks == ("holds Python objects: loading it means unpickling",)


def test_every_prefix_is_none(look, example) -> None:
    """A cut header is no header."""
    data = example("numpy/plain.npy")
    header = data.index(b"\n")

    assert all(look(FORMAT, data[:end]) is None for end in range(data.index(b"shape")))
    assert look(FORMAT, data[: header + 1]) is not None
