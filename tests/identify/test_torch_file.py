"""What all torch formats share."""

import pytest

from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.pickle_values import Ended, Global, Made, PersistentId, Scan
from aiguard_agent.identify.torch_file import describe_torch, is_shard

STORAGE = PersistentId(("storage", Global("torch", "HalfStorage"), "0", "cpu", 6))
TENSOR = Made(Global("torch._utils", "_rebuild_tensor_v2"), (STORAGE, 0, (2, 3), (3, 1)))


def test_a_whole_scan_describes_the_model() -> None:
    """Tensors, dominant type and kind end up in the header."""
    draft = Draft(format="x")

    describe_torch(Scan(ended=Ended.STOP, value={"w": TENSOR}), draft)
    header = draft.header(keep_tensors=True)

    assert (header.parameters, header.quantization, header.complete) == (6, "F16", True)
    assert header.tensors == (("w", "F16", (2, 3)),)
    assert dict(header.extra)["kind"] == "state_dict"


def test_a_scan_that_ended_early_gives_no_identity() -> None:
    """Half of the tensors must not look like another model."""
    draft = Draft(format="x")

    describe_torch(Scan(ended=Ended.LIMIT, why="too much", value={"w": TENSOR}), draft)
    header = draft.header()

    assert (header.fingerprint, header.parameters, header.complete) == ("", None, False)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("model-00001-of-00002.bin", True),
        ("model_00001-of-00002.bin", True),
        ("model-1-of-2.bin", False),
        ("m.bin", False),
    ],
)
def test_shards_are_told_by_their_names(name: str, expected: bool) -> None:
    """Five digits, as Hugging Face and llama.cpp write them."""
    assert is_shard(name) is expected
