"""torch.export archives."""

import io
import json
import zipfile

import pytest

from aiguard_agent.identify.formats.torch_export import FORMAT
from aiguard_agent.identify.formats.torch_zip import FORMAT as CHECKPOINT


def archive(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, text in members.items():
            file.writestr(name.replace("__", "/"), text)
    return buffer.getvalue()


def weights(dtype: int, *sizes: dict[str, object]) -> str:
    return json.dumps({"config": {"w": {"tensor_meta": {"dtype": dtype, "sizes": list(sizes)}, "use_pickle": True}}})


def test_an_exported_program_has_the_identity_of_its_weights(look, example) -> None:
    """The weights config names the same tensors as the state dict."""
    header = look(FORMAT, example("torch/exported.pt2"))
    state = look(CHECKPOINT, example("torch/state.pt"))

    assert (header.fingerprint, header.parameters) == (state.fingerprint, state.parameters)
    assert header.complete and header.quantization == "F32"


def test_a_weight_in_a_pickle_and_a_library_are_told(look) -> None:
    """Both run code when the archive is loaded."""
    config = weights(13, {"as_int": 2})
    buffer = io.BytesIO(archive(m__archive_format="pt2", m__models__x="{}"))
    with zipfile.ZipFile(buffer, "a") as file:
        file.writestr("m/data/weights/model_weights_config.json", config)
        file.writestr("m/data/aotinductor/model/x.so", b"\x7fELF")

    header = look(FORMAT, buffer.getvalue())

    assert header.quantization == "BF16"
    assert set(header.remarks) == {
        "brings a compiled library that is loaded with it",
        "a weight is stored as a pickle",
    }


def test_a_symbolic_size_ends_the_count(look) -> None:
    """A dimension without a number makes the tensors unknown, not wrong."""
    buffer = io.BytesIO(archive(m__archive_format="pt2", m__models__x="{}"))
    with zipfile.ZipFile(buffer, "a") as file:
        file.writestr("m/data/weights/x_weights_config.json", weights(7, {"as_expr": {"expr_str": "s0"}}))

    header = look(FORMAT, buffer.getvalue())

    assert not header.complete and header.fingerprint == ""


def test_the_older_layout_is_known(look) -> None:
    """Up to 2.7 the program lay at the top."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("serialized_exported_program.json", "{}")
        file.writestr("version", "8.5")

    assert look(FORMAT, buffer.getvalue()).format == "pt2"


@pytest.mark.parametrize("data", [archive(m__archive_format="zip"), archive(m__models__x="{}")])
def test_half_of_the_marks_is_none(look, data: bytes) -> None:
    """It takes the format's mark and a model."""
    assert look(FORMAT, data) is None


def test_every_prefix_is_survived(look, example) -> None:
    """A file cut anywhere gives a header or None."""
    data = example("torch/exported.pt2")

    for end in range(0, len(data), 101):
        header = look(FORMAT, data[:end])
        assert header is None or not header.complete
