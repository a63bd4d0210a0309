"""Walking HDF5 files."""

from pathlib import Path

import pytest

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.hdf5 import SIGNATURE, Hdf5, starts_at
from aiguard_agent.identify.window import Window

FILES = Path(__file__).parent.parent / "formats" / "files"


def walk(name: str) -> tuple[Draft, dict[str, bytes]]:
    data = (FILES / name).read_bytes()
    draft = Draft(format="hdf5")
    base = starts_at(data[:4096])
    assert base is not None
    file = Hdf5(Window(BytesReader(data)), base, draft)
    file.datasets(file.root())
    return draft, file.texts(file.root(), frozenset({"backend", "keras_version", "layer_names"}))


def test_datasets_are_named_by_their_path() -> None:
    """Old groups (B-trees) and new ones (link messages) give the same kind of list."""
    old, _ = walk("keras-h5-keras-3.15.1.h5")
    new, _ = walk("hdf5-latest-h5py-3.16.0.h5")

    assert ("model_weights/fc/tiny/fc/kernel", "F32", (3, 4)) in old.tensors
    assert sorted(new.tensors) == [("layer/deep/bias", "I8", (3,)), ("layer/deep/kernel", "F16", (2, 3))]


def test_texts_of_both_kinds_are_read() -> None:
    """Fixed and variable length texts come out; lists of texts are left."""
    _, texts = walk("hdf5-latest-h5py-3.16.0.h5")

    assert texts == {"backend": b"tensorflow", "keras_version": b"2.15.0"}


def test_the_superblock_may_be_behind_a_user_block() -> None:
    """Powers of two from 512 on are its places, others are not."""
    assert starts_at(SIGNATURE) == 0
    assert starts_at(bytes(2048) + SIGNATURE) == 2048
    assert starts_at(bytes(100) + SIGNATURE) is None and starts_at(b"") is None


@pytest.mark.parametrize("body", [b"\x09" + bytes(100), b"\x00" * 5 + b"\4\4" + bytes(100)])
def test_superblocks_of_other_kinds_are_refused(body: bytes) -> None:
    """A version or a width of numbers that we do not know is told, not guessed."""
    file = Hdf5(Window(BytesReader(SIGNATURE + body)), 0, Draft(format="hdf5"))

    with pytest.raises(ValueError, match="superblock"):
        file.root()


def test_a_group_that_contains_itself_ends() -> None:
    """A cycle is walked once."""
    data = bytearray((FILES / "hdf5-keras-3.15.1.weights.h5").read_bytes())
    root = int.from_bytes(data[64:72], "little")
    at = data.find(b"SNOD")
    data[at + 16 : at + 24] = root.to_bytes(8, "little")
    draft = Draft(format="hdf5")
    file = Hdf5(Window(BytesReader(bytes(data))), 0, draft)

    file.datasets(file.root())

    assert len(draft.tensors) < 3
