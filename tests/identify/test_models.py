"""Name model files by their bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.facts import FileSeen
from aiguard_agent.core.reader import BytesReader, Reader
from aiguard_agent.errors import BudgetExceeded
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.models import build_models, glimpse, identify_model, model_formats, recognise

FILES = Path(__file__).parent.parent / "formats" / "files"


def make(
    name: str,
    order: int,
    *,
    magic: bytes = b"",
    read: Callable[[Reader, Glimpse], ModelHeader | None] | None = None,
    extensions: tuple[str, ...] = (),
) -> Format:
    return Format(
        name=name,
        title=name.upper(),
        order=order,
        extensions=extensions or (f".{name}",),
        runs_code=False,
        sniff=lambda look: look.head.startswith(magic),
        read=read or (lambda reader, look: ModelHeader(format=name)),
        source="a test",
    )


class Broken(BytesReader):
    def read_at(self, offset: int, length: int) -> bytes:
        if length != 4096:
            raise OSError("input/output error")
        return super().read_at(offset, length)


def test_every_format_has_a_name_of_its_own() -> None:
    """Formats are told apart by name and tried in the order of (order, name)."""
    formats = model_formats()

    assert formats
    assert len({one.name for one in formats}) == len(formats)
    assert [(one.order, one.name) for one in formats] == sorted((one.order, one.name) for one in formats)


def test_content_beats_the_name_and_the_mismatch_is_told() -> None:
    """A file named after one format with the bytes of another is the other, and says so."""
    formats = [make("one", 10, magic=b"ONE"), make("two", 20, magic=b"TWO")]

    found = recognise(FileSeen(path="/m/x.one", size=4), BytesReader(b"TWO!"), formats=formats)

    assert found is not None
    assert found.header.format == "two"
    assert found.header.remarks == ("named .one, but the bytes are TWO",)


def test_a_shared_ending_is_no_mismatch() -> None:
    """`.bin` belongs to nobody."""
    formats = [make("one", 10, magic=b"ONE", extensions=(".bin",)), make("two", 20, magic=b"TWO")]

    found = recognise(FileSeen(path="/m/x.bin", size=4), BytesReader(b"TWO!"), formats=formats)

    assert found is not None
    assert found.header.remarks == ()


def test_a_format_that_declines_leaves_the_file_to_the_next() -> None:
    """`read` decides: None goes on to the next format."""
    formats = [make("one", 10, read=lambda reader, look: None), make("two", 20)]

    found = recognise(FileSeen(path="/m/x", size=4), BytesReader(b"TWO!"), formats=formats)

    assert found is not None
    assert found.header.format == "two"


def test_a_spent_budget_is_a_model_that_is_not_complete() -> None:
    """When a limit ends the reading of a header, the file is still listed, with the reason."""

    def spend(reader: Reader, look: Glimpse) -> ModelHeader | None:
        raise BudgetExceeded("budget of 9 bytes is spent")

    formats = [make("one", 10, magic=b"ONE", read=spend)]

    found = recognise(FileSeen(path="/m/x", size=4), BytesReader(b"ONE!"), formats=formats)

    assert found is not None
    assert not found.header.complete
    assert found.header.remarks == ("reading stopped: budget of 9 bytes is spent",)


def test_a_container_without_a_look_inside_claims_nothing_but_its_name() -> None:
    """Where the first bytes fit many files, a spent budget names a model only together with the file's ending."""

    def spend(reader: Reader, look: Glimpse) -> ModelHeader | None:
        raise BudgetExceeded("spent")

    formats = [make("zipped", 20, magic=b"PK", read=spend)]

    assert recognise(FileSeen(path="/m/x.jar", size=4), BytesReader(b"PK\3\4"), formats=formats) is None
    assert recognise(FileSeen(path="/m/x.zipped", size=4), BytesReader(b"PK\3\4"), formats=formats) is not None


def test_an_unreadable_header_is_a_model_that_is_not_complete() -> None:
    """So is one that the disk refuses after the first bytes."""
    formats = [make("one", 10, magic=b"ONE", read=lambda reader, look: ModelHeader(format=str(reader.read_at(0, 8))))]

    found = recognise(FileSeen(path="/m/x", size=4), Broken(b"ONE!"), formats=formats)

    assert found is not None
    assert found.header.remarks == ("reading stopped: input/output error",)


def test_an_unreadable_file_is_the_callers_blind_spot() -> None:
    """Without the first bytes there is no answer, and no answer must not look like "no model"."""
    with pytest.raises(BudgetExceeded):
        recognise(FileSeen(path="/m/x", size=4), BytesReader(b"ONE!", budget=1), formats=[make("one", 10)])


def test_a_blob_is_known_by_the_name_that_links_to_it() -> None:
    """A digest as file name says nothing, the link's name is the hint."""
    seen = FileSeen(path="/hub/blobs/abcd", size=1, aliases=("hf:o/n", "/hub/snapshots/r/Model.BIN"))

    assert glimpse(seen, BytesReader(b"x")).name == "model.bin"


def test_a_real_folder_is_one_model() -> None:
    """Config, index and shards that the real libraries wrote become one model with the identity of the single file."""
    names = [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    index = {"metadata": {"total_size": 136}, "weight_map": {"up.weight": names[1], "down.weight": names[0]}}
    config = {"architectures": ["TinyModel"], "model_type": "tiny", "transformers_version": "5", "n_ctx": 9}
    contents = {name: (FILES / "torch" / name).read_bytes() for name in names}
    contents |= {"model.safetensors.index.json": json.dumps(index).encode(), "config.json": json.dumps(config).encode()}
    found = [
        recognise(FileSeen(path=f"/m/tiny/{name}", size=len(data)), BytesReader(data), contents)
        for name, data in contents.items()
    ]
    single = (FILES / "torch/state.pt").read_bytes()

    (model,) = build_models([one for one in found if one is not None])
    alone = identify_model(FileSeen(path="/m/state.pt", size=len(single)), BytesReader(single))

    assert alone is not None
    assert (model.path, model.format, model.name, model.architecture) == ("/m/tiny", "safetensors", "tiny", "tiny")
    assert (model.fingerprint, model.parameters, model.context_length) == (alone.fingerprint, alone.parameters, 9)
    assert (len(model.files), model.runs_code, alone.runs_code) == (4, False, True)


KINDS = ("torch", "sklearn", "trees", "numpy")
REAL = sorted(path.relative_to(FILES).as_posix() for kind in KINDS for path in FILES.glob(f"{kind}/*"))


@pytest.mark.parametrize("name", REAL)
def test_a_real_file_is_named_by_its_content_alone(name: str) -> None:
    """Among all formats the right one wins, without help of name or ending (lz4 and plain dumps need theirs)."""
    expected = {
        "sklearn/lz4.joblib": None,
        "sklearn/model.skops": "skops",
        "sklearn/pickle.pkl.gz": "pickle",
        "torch/scripted.pt": "torchscript",
        "torch/exported.pt2": "pt2",
        "torch/legacy.pth": "pytorch-legacy",
        "torch/legacy_module.pth": "pytorch-legacy",
        "trees/catboost.cbm": "catboost",
        "trees/lightgbm.txt": "lightgbm",
        "trees/xgboost.json": "xgboost",
        "trees/xgboost.ubj": "xgboost",
    }
    endings = {".pkl": "pickle", ".dill": "pickle", ".cloudpickle": "pickle", ".bin": "pytorch", ".pt": "pytorch"}
    endings |= {".ckpt": "pytorch", ".safetensors": "safetensors", ".npy": "npy", ".npz": "npz", ".joblib": "joblib"}
    data = (FILES / name).read_bytes()

    found = recognise(FileSeen(path="/m/file", size=len(data)), BytesReader(data))

    wanted = expected[name] if name in expected else endings[Path(name).suffix]
    assert (found.header.format if found else None) == wanted


def test_nothing_known_is_nothing() -> None:
    """Bytes that no format knows are no model."""
    assert identify_model(FileSeen(path="/m/x", size=3), BytesReader(b"\x00\xff\x00")) is None
