"""TorchScript archives."""

import io
import zipfile

from aiguard_agent.identify.formats.torchscript import FORMAT


def test_a_scripted_module_tells_class_and_tensors(look, example) -> None:
    """The class of the module and all its tensors (unsaved buffers included) are read."""
    header = look(FORMAT, example("torch/scripted.pt"))

    assert (header.format, header.architecture, header.parameters) == ("torchscript", "Tiny", 33 + 5)
    assert header.complete and header.runs_code
    assert dict(header.extra)["seen"] == "zip members under scripted/code/__torch__"


def test_a_checkpoint_is_none(look, example) -> None:
    """Without code it is a plain checkpoint."""
    assert look(FORMAT, example("torch/state.pt")) is None


def test_code_without_a_pickle_is_not_complete(look) -> None:
    """The program is named even when its tensors are missing."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("m/code/__torch__.py", "")

    header = look(FORMAT, buffer.getvalue())

    assert not header.complete and header.remarks == ("data.pkl cannot be read",)


def test_a_python_project_is_none(look) -> None:
    """A folder named code is not enough."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("m/code/torch.py", "")

    assert look(FORMAT, buffer.getvalue()) is None


def test_every_prefix_is_survived(look, example) -> None:
    """A file cut anywhere gives a header or None."""
    data = example("torch/scripted.pt")

    for end in range(0, len(data), 97):
        header = look(FORMAT, data[:end])
        assert header is None or not header.complete
