"""Core ML models and packages."""

import json

import pytest

from aiguard_agent.identify.formats.coreml import FORMAT

MANIFEST = {
    "fileFormatVersion": "1.0.0",
    "itemInfoEntries": {
        "A1": {"author": "com.apple.CoreML", "name": "weights", "path": "com.apple.CoreML/weights"},
        "B2": {"author": "com.apple.CoreML", "name": "model.mlmodel", "path": "com.apple.CoreML/model.mlmodel"},
    },
    "rootModelIdentifier": "B2",
}


def test_a_real_file_tells_what_it_is(look, example) -> None:
    """A file of coremltools gives kind, maker, licence and its own words."""
    header = look(FORMAT, example("coreml-coremltools-9.0.mlmodel"))

    assert (header.architecture, header.author, header.license) == ("neural network", "Some Lab", "MIT")
    assert header.complete and not header.remarks and not header.runs_code
    assert dict(header.extra)["property source"] == "hand"


def test_a_package_lists_its_members(look) -> None:
    """The manifest of an .mlpackage names the model and its weights."""
    header = look(FORMAT, json.dumps(MANIFEST).encode(), name="manifest.json")

    assert header.role == "manifest" and header.complete
    assert header.links == ("Data/com.apple.CoreML/weights", "Data/com.apple.CoreML/model.mlmodel")


def test_a_member_outside_the_package_is_remarked(look) -> None:
    """A path that climbs out is told."""
    data = json.dumps(MANIFEST).replace("com.apple.CoreML/weights", "../../../etc").encode()

    assert any("outside the folder" in remark for remark in look(FORMAT, data).remarks)


def test_a_cut_model_is_not_complete(look, example) -> None:
    """A model that ends within its layers still has its words."""
    header = look(FORMAT, example("coreml-coremltools-9.0.mlmodel")[:-20])

    assert header.author == "Some Lab" and not header.complete


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x08\x01",
        b"\x08\x01\x12\x00",
        b"\x08\x01\x12\x03\x0a\x01\x08",
        b"\x08\x08\x12\x05maker\x3a\x02\x0a\x00",
        b"\x08\x01\x12\x02\x1a\x00\xa2\x1f\x00",
        b"\x08\x01\x12\x00\xa2\x1f\x00\x1a\x00",
        b'{"rootModelIdentifier": 1}',
        b'{"rootModelIdentifier": "a"',
        b'{"root": "rootModelIdentifier"}',
    ],
)
def test_other_bytes_are_not_coreml(look, data: bytes) -> None:
    """ONNX, SavedModel and other JSON look alike at the start and are no Core ML."""
    assert look(FORMAT, data) is None
