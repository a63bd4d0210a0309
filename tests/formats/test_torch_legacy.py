"""PyTorch checkpoints before 1.6."""

import io
import pickle
import tarfile

import pytest

from aiguard_agent.identify.formats.torch_legacy import FORMAT
from aiguard_agent.identify.formats.torch_zip import FORMAT as CHECKPOINT

MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, 2)


@pytest.mark.parametrize(("name", "architecture"), [("legacy.pth", ""), ("legacy_module.pth", "Tiny")])
def test_the_object_stream_is_read(look, example, name: str, architecture: str) -> None:
    """Tensors and kind are those of the same weights in the newer container."""
    header = look(FORMAT, example(f"torch/{name}"))

    assert header.fingerprint == look(CHECKPOINT, example("torch/state.pt")).fingerprint
    assert (header.architecture, header.parameters, header.complete) == (architecture, 33, True)


def test_a_payload_in_an_early_stream_is_told(look) -> None:
    """The first streams hold numbers and words only: an import there is not torch's."""
    data = MAGIC + pickle.dumps(1001, 2) + b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R." + pickle.dumps({}, 2)

    header = look(FORMAT, data)

    assert "stream 3 imports something, which torch never writes" in header.remarks
    assert dict(header.extra)["imports"] == "os.system"


def test_a_tar_of_the_first_versions_is_known(look) -> None:
    """Its four members name it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("sys_info", "pickle", "storages", "tensors"):
            archive.addfile(tarfile.TarInfo(name))

    header = look(FORMAT, buffer.getvalue())

    assert header.remarks == ("tar checkpoint of the first torch versions",)


def test_another_tar_and_another_pickle_are_none(look) -> None:
    """Neither a tar of anything else nor a pickle with another number is a checkpoint."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("pickle"))

    assert look(FORMAT, buffer.getvalue()) is None
    assert look(FORMAT, pickle.dumps(1234567890123456789012, 2)) is None


def test_every_prefix_is_survived(look, example) -> None:
    """A file cut inside its streams is named and not complete."""
    data = example("torch/legacy.pth")

    for end in range(0, 600, 7):
        header = look(FORMAT, data[:end])
        assert header is None or not header.complete
