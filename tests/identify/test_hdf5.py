"""Walking HDF5 files."""

from pathlib import Path

import pytest

from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.hdf5 import SIGNATURE, Hdf5, starts_at
from aiguard_agent.identify.hdf5_messages import Attribute
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


def forged(edit: dict[bytes, tuple[int, bytes]], name: str = "keras-h5-keras-3.15.1.h5") -> Hdf5:
    """Overwrite bytes at a distance behind the first place of each mark."""
    data = bytearray((FILES / name).read_bytes())
    for mark, (distance, value) in edit.items():
        at = data.find(mark) + distance
        data[at : at + len(value)] = value
    return Hdf5(Window(BytesReader(bytes(data))), 0, Draft(format="hdf5"))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({b"HEAP": (0, b"HOAP")}, "no names"),
        ({b"TREE": (0, b"TROE")}, "tree is broken"),
        ({b"TREE": (6, b"\xff\xff")}, "tree|structure"),
        ({b"SNOD": (0, b"SNOX")}, "tree is broken"),
    ],
)
def test_a_broken_group_is_named(edit: dict[bytes, tuple[int, bytes]], words: str) -> None:
    """Each damage has its words."""
    file = forged(edit)

    with pytest.raises((ValueError, EOFError), match=f"{words}|^$"):
        file.datasets(file.root())


def test_a_tree_that_leads_back_to_itself_ends() -> None:
    """A node that names itself as its child is an error, not a loop."""
    data = (FILES / "keras-h5-keras-3.15.1.h5").read_bytes()
    at = data.find(b"TREE")
    file = forged({b"TREE": (32, at.to_bytes(8, "little"))})

    with pytest.raises(ValueError, match="has no end"):
        file.datasets(file.root())


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({b"GCOL": (0, b"GCOX")}, "no heap"),
        ({b"GCOL": (16, b"\x77\x77")}, "not in its heap"),
        ({b"GCOL": (8, b"\x10" + bytes(7))}, "not in its heap"),
    ],
)
def test_a_broken_text_is_named(edit: dict[bytes, tuple[int, bytes]], words: str) -> None:
    """A text that cannot be found in its heap is an error."""
    file = forged(edit)

    with pytest.raises(ValueError, match=words):
        file.texts(file.root(), frozenset({"model_config", "keras_version", "backend"}))


def test_a_text_of_a_gigabyte_is_not_read() -> None:
    """A forged length is refused before it is fetched."""
    data = (FILES / "keras-h5-keras-3.15.1.h5").read_bytes()
    draft = Draft(format="hdf5")
    heap = data.find(b"GCOL")
    reader = BytesReader(data[: heap + 24] + (1 << 30).to_bytes(8, "little") + data[heap + 32 :], size=2 << 30)
    file = Hdf5(Window(reader), 0, draft)
    length = b"\xff\xff\xff\x3f"
    text = Attribute("model_config", b"\x19\x01\0\0\x10\0\0\0", (), length + heap.to_bytes(8, "little") + b"\1\0\0\0")

    with pytest.raises(ValueError, match="a text claims"):
        file._text(text)
    assert reader.spent < 2**20


def test_endless_headers_end() -> None:
    """A header whose continuation is itself stops at the limit."""
    root = (96).to_bytes(8, "little")
    head = SIGNATURE + b"\0\0\0\0\0\x08\x08\0" + bytes(48) + root + bytes(24)
    block = b"\x10\0\x10\0\0\0\0\0" + (112).to_bytes(8, "little") + (24).to_bytes(8, "little")
    data = head.ljust(96, b"\0") + b"\1\0\1\0\1\0\0\0" + (24).to_bytes(4, "little") + bytes(4) + block
    file = Hdf5(Window(BytesReader(data)), 0, Draft(format="hdf5"))

    with pytest.raises(ValueError, match="more of the structure"):
        file.datasets(file.root())
