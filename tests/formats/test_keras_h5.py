"""Keras models in HDF5."""

import pytest

from aiguard_agent.identify.formats.keras_h5 import FORMAT

REAL = "keras-h5-keras-3.15.1.h5"


def test_a_real_file_tells_what_it_is(look, example) -> None:
    """A file of Keras gives name, kind, version and weights, and can run code."""
    header = look(FORMAT, example(REAL))

    assert (header.name, header.architecture, header.parameters) == ("tiny", "Sequential", 16)
    assert header.complete and not header.remarks and header.runs_code
    assert dict(header.extra) == {"backend": "tensorflow", "keras_version": "3.15.1"}


def test_a_lambda_is_told(look, example) -> None:
    """Bytecode in the configuration is seen without being loaded."""
    data = example(REAL).replace(b'"class_name": "Dense"', b'"class_name":"Lambda"')

    assert dict(look(FORMAT, data).extra)["lambda"] == "yes"


def test_a_class_of_another_module_is_told(look, example) -> None:
    """A configuration may name anything that can be imported."""
    data = example(REAL).replace(b'"keras.initializers"', b'"subprocess.xxxxxxx"')

    assert dict(look(FORMAT, data).extra)["foreign_modules"] == "subprocess.xxxxxxx"


def test_weights_alone_are_another_format(look, example) -> None:
    """Without a configuration there is no Keras model."""
    assert look(FORMAT, example("hdf5-keras-3.15.1.weights.h5")) is None
    assert look(FORMAT, example("hdf5-latest-h5py-3.16.0.h5")) is None


def test_an_unreadable_root_does_not_hide_the_model(look, example) -> None:
    """A damaged structure with the configuration in plain sight is a model that was not read."""
    data = bytearray(example(REAL))
    data[96:104] = b"\xff" * 8  # what the superblock's root entry points at is overwritten
    root = int.from_bytes(data[64:72], "little")
    data[root + 8 : root + 12] = b"\xff\xff\xff\xff"

    header = look(FORMAT, bytes(data))

    assert header.format == "keras-h5" and not header.complete and header.runs_code
    assert "the model configuration was seen and not read" in header.remarks


def test_a_cut_file_is_not_complete(look, example) -> None:
    """A truncated model never looks whole."""
    data = example(REAL)
    looked = 0
    for length in range(600, len(data), 500):
        header = look(FORMAT, data[:length])
        looked += 1
        # Datasets' data comes last: a cut there is beyond what a header reader sees.
        assert header is None or not header.complete or header.parameters == 16

    assert looked


@pytest.mark.parametrize("data", [b"", b"\x89HDF\r\n\x1a\n", b"\x89HDF\r\n\x1a\n" + b"\xff" * 2000, b"PK\x03\x04"])
def test_other_bytes_are_no_keras_model(look, data: bytes) -> None:
    """A signature without a readable root and without a configuration is not a Keras model."""
    assert look(FORMAT, data) is None


def test_a_lambda_in_an_unreadable_model_is_told(look) -> None:
    """What is in plain sight counts, also when the structure around it is broken."""
    data = b"\x89HDF\r\n\x1a\n\x09" + bytes(100) + b'model_config {"class_name": "Lambda"}'

    header = look(FORMAT, data)

    assert not header.complete and dict(header.extra)["lambda"] == "yes"
