"""PyTorch checkpoints."""

import io
import pickle
import zipfile

import pytest

from aiguard_agent.core.facts import FileSeen
from aiguard_agent.core.reader import BytesReader
from aiguard_agent.identify.formats.safetensors import FORMAT as SAFETENSORS
from aiguard_agent.identify.formats.torch_zip import FORMAT
from aiguard_agent.identify.models import build_models, recognise

PAIRS = [("state.pt", "state.safetensors"), ("bf16.bin", "bf16.safetensors"), ("float8.pt", "float8.safetensors")]
SAME = ["module.pt", "checkpoint.ckpt"]


def archive(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return buffer.getvalue()


def built(example, *names: str):
    found = []
    for name in names:
        data = example(f"torch/{name}")
        seen = FileSeen(path=f"/m/{name}", size=len(data))
        found.append(recognise(seen, BytesReader(data)))
    assert all(found)
    return build_models(found)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_the_fingerprint_is_that_of_the_same_safetensors(look, example, ours: str, theirs: str) -> None:
    """The same state dict has one identity in both containers, and one count of parameters."""
    header = look(FORMAT, example(f"torch/{ours}"))
    other = look(SAFETENSORS, example(f"torch/{theirs}"))

    assert header.fingerprint == other.fingerprint != ""
    assert (header.parameters, header.quantization) == (other.parameters, other.quantization)


@pytest.mark.parametrize("name", SAME)
def test_a_module_and_a_checkpoint_have_the_tensors_of_their_state_dict(look, example, name: str) -> None:
    """What wraps the weights (module, epoch, optimizer, unsaved buffers) does not change their identity."""
    assert look(FORMAT, example(f"torch/{name}")).fingerprint == look(FORMAT, example("torch/state.pt")).fingerprint


def test_sharding_keeps_the_fingerprint(example) -> None:
    """Two shards are one model with the fingerprint of the single file, in either format."""
    single = built(example, "state.pt")
    ours = built(example, "pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin")
    theirs = built(example, "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")

    assert len(ours) == len(theirs) == 1
    assert ours[0].fingerprint == theirs[0].fingerprint == single[0].fingerprint
    assert ours[0].parameters == theirs[0].parameters == single[0].parameters == 33


def test_a_state_dict_is_told_from_a_module(look, example) -> None:
    """Their members are the same: the opcodes tell."""
    state = look(FORMAT, example("torch/state.pt"))
    module = look(FORMAT, example("torch/module.pt"))

    assert (dict(state.extra)["kind"], state.architecture) == ("state_dict", "")
    assert (dict(module.extra)["kind"], module.architecture) == ("module", "Tiny")
    assert "__main__.Tiny" in dict(module.extra)["imports"]
    assert state.runs_code and module.runs_code


def test_a_deflated_member_is_read(look, example) -> None:
    """Some tools compress what torch only stores."""
    with zipfile.ZipFile(io.BytesIO(example("torch/state.pt"))) as file:
        members = {name: file.read(name) for name in file.namelist()}

    header = look(FORMAT, archive(members, zipfile.ZIP_DEFLATED))

    assert header.parameters == 33


def test_storages_are_not_read(look, example) -> None:
    """A storage of any size costs nothing."""
    data = example("torch/state.pt")
    reader = BytesReader(bytes(1 << 20) + data)
    found = recognise(FileSeen(path="/m/x.pt", size=reader.size), reader)

    assert found is not None and found.header.format == "pytorch"
    assert reader.spent < 1 << 19


def test_a_pickle_that_runs_a_command_is_still_a_checkpoint(look) -> None:
    """What it imports is told; whether it is evil is not judged here."""
    header = look(FORMAT, archive({"a/data.pkl": b"cos\nsystem\n(S'id'\ntR.", "a/version": b"3"}))

    assert dict(header.extra)["imports"] == "os.system"
    assert header.fingerprint == "" and header.parameters is None


def test_two_pickles_are_told(look) -> None:
    """Which of two data.pkl is loaded depends on the reader."""
    header = look(FORMAT, archive({"a/data.pkl": b"N.", "a/version": b"3", "A/DATA.PKL": b"N."}))

    assert any("more than one data.pkl" in remark for remark in header.remarks)


@pytest.mark.parametrize(
    "members",
    [
        {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"},
        {"data.pkl": b"N."},
        {"a/b/c/data.pkl": b"N.", "a/b/c/version": b"3"},
        {"META-INF/MANIFEST.MF": b"", "a/data.pklx": b"N."},
    ],
)
def test_other_zips_are_not_checkpoints(look, members: dict[str, bytes]) -> None:
    """A document, a jar, or a pickle without what torch writes beside it."""
    assert look(FORMAT, archive(members)) is None


def test_a_torchscript_archive_is_left_to_its_format(look, example) -> None:
    """Code beside the pickle makes it something else."""
    assert look(FORMAT, example("torch/scripted.pt")) is None


def test_a_cut_file_is_not_complete(look, example) -> None:
    """Without the directory at its end the file is still named, with the reason."""
    data = example("torch/state.pt")

    header = look(FORMAT, data[: data.index(b"PK\x01\x02")])

    assert not header.complete
    assert header.remarks == ("the zip has no directory: cut or damaged",)
    assert header.parameters == 33


@pytest.mark.parametrize("name", ["state.pt", "module.pt"])
def test_every_prefix_is_survived(look, example, name: str) -> None:
    """A file cut anywhere gives a header or None."""
    data = example(f"torch/{name}")

    for end in range(0, len(data), 13):
        header = look(FORMAT, data[:end])
        assert header is None or not header.complete


def test_a_pickle_of_too_many_tensors_is_a_limit(look) -> None:
    """A stream beyond our bounds is named and not complete."""
    header = look(FORMAT, archive({"a/data.pkl": b"\x80\x02" + b"N0" * 400_000 + b"N.", "a/version": b"3"}))

    assert not header.complete and header.fingerprint == ""


def test_a_state_dict_that_holds_itself_ends(look) -> None:
    """A value that contains itself is walked once around, not for ever."""
    loop: dict[str, object] = {}
    loop["state_dict"] = loop

    header = look(FORMAT, archive({"a/data.pkl": pickle.dumps(loop, 2), "a/version": b"3"}))

    assert header is not None and header.parameters is None
