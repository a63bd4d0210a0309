"""NumPy archives."""

import io
import zipfile

from aiguard_agent.identify.formats.npz import FORMAT


def test_the_arrays_are_named(look, example) -> None:
    """Names, types and shapes make its identity; it is data."""
    header = look(FORMAT, example("numpy/plain.npz"))

    assert (header.role, header.parameters, header.quantization, header.runs_code) == ("data", 14, "F64", False)
    assert header.complete


def test_objects_in_a_compressed_member_run_code(look, example) -> None:
    """Headers are unpacked to see them."""
    assert look(FORMAT, example("numpy/objects.npz")).runs_code


def test_a_zip_with_anything_else_is_none(look) -> None:
    """One other member makes it something else, and so does none at all."""
    for names in (["x.npy", "schema.json"], []):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as file:
            for name in names:
                file.writestr(name, b"")

        assert look(FORMAT, buffer.getvalue()) is None


def test_a_member_without_a_header_is_not_complete(look) -> None:
    """The name alone is no array."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("x.npy", b"hello")

    assert not look(FORMAT, buffer.getvalue()).complete


def test_every_prefix_is_survived(look, example) -> None:
    """A file cut anywhere gives None or a header that is not complete."""
    data = example("numpy/plain.npz")

    for end in range(0, len(data), 3):
        header = look(FORMAT, data[:end])
        assert header is None or not header.complete
