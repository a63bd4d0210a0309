"""HDF5 weights."""

import pytest

from aiguard_agent.identify.formats.hdf5 import FORMAT


def test_weights_of_keras_are_a_part(look, example) -> None:
    """A weights file gives its tensors and says that it is not the whole model."""
    header = look(FORMAT, example("hdf5-keras-3.15.1.weights.h5"), name="model.weights.h5")

    assert (header.role, header.parameters, header.quantization) == ("weights-part", 16, "F32")
    assert header.complete and not header.remarks and not header.runs_code


def test_the_newer_layout_is_read_behind_a_user_block(look, example) -> None:
    """Link messages, newer headers and a superblock at 512 change nothing; a link to another file is told."""
    header = look(FORMAT, example("hdf5-latest-h5py-3.16.0.h5"))

    assert (header.parameters, header.quantization) == (2 * 3 + 3, "F16")
    assert header.complete and header.links == ("/etc/other.h5",)
    assert "a link leads into another file" in header.remarks
    assert dict(header.extra) == {"backend": "tensorflow", "keras_version": "2.15.0"}


def test_dense_storage_is_told_and_not_complete(look, example) -> None:
    """Many members at once are stored in another way, which is not followed."""
    header = look(FORMAT, example("hdf5-dense-h5py-3.16.0.h5"), name="model.h5")

    assert not header.complete and header.fingerprint == ""
    assert "members in dense storage are not read" in header.remarks


def test_data_that_is_no_model_is_none(look, example) -> None:
    """A file of measurements is an HDF5 file and no model: neither name nor layout says so."""
    data = example("hdf5-latest-h5py-3.16.0.h5")
    for word in (b"kernel", b"bias", b"backend", b"keras_version", b"layer_names"):
        data = data.replace(word, b"z" * len(word))

    assert look(FORMAT, data, name="data.h5") is None
    assert look(FORMAT, data, name="my_weights.h5") is not None


def test_forged_numbers_end_well(look, example) -> None:
    """Any eight bytes overwritten with extremes leave a header or none, and never an exception or a long search."""
    data = example("hdf5-keras-3.15.1.weights.h5")
    broken = 0
    for place in range(0, 2600, 8):
        for value in (b"\xff" * 8, bytes(8), b"\x10" + bytes(7)):
            header = look(FORMAT, data[:place] + value + data[place + 8 :], name="weights.h5")
            broken += header is None or not header.complete

    assert broken > 50


@pytest.mark.parametrize("data", [b"", b"\x89HDF", b"x\x89HDF\r\n\x1a\n", b"\x89HDF\n\x1a\n\0"])
def test_other_bytes_are_not_hdf5(look, data: bytes) -> None:
    """Only the whole signature at one of its places counts."""
    assert look(FORMAT, data, name="model.h5") is None
