"""Tensors in what a torch pickle would have made."""

import pytest

from aiguard_agent.identify.pickle_values import Global, Made, PersistentId
from aiguard_agent.identify.torch_tensors import MAX_DEPTH, find_tensors, is_tensor


def storage(kind: str = "FloatStorage", module: str = "torch") -> PersistentId:
    return PersistentId(("storage", Global(module, kind), "0", "cpu", 6))


def tensor(*shape: int, kind: str = "FloatStorage") -> Made:
    return Made(Global("torch._utils", "_rebuild_tensor_v2"), (storage(kind), 0, shape, (1,), False, Made(None)))


def parameter(*shape: int) -> Made:
    return Made(Global("torch._utils", "_rebuild_parameter"), (tensor(*shape), True, Made(None)))


@pytest.mark.parametrize(
    ("kind", "word"),
    [("HalfStorage", "F16"), ("BFloat16Storage", "BF16"), ("LongStorage", "I64"), ("BoolStorage", "BOOL")],
)
def test_types_are_safetensors_words(kind: str, word: str) -> None:
    """A storage's class says the type."""
    assert find_tensors({"w": tensor(2, kind=kind)}).tensors == [("w", word, (2,))]


def test_newer_types_are_named_in_the_call() -> None:
    """Types without a storage class of their own are an argument."""
    call = Made(
        Global("torch._utils", "_rebuild_tensor_v3"),
        (
            storage("UntypedStorage", "torch.storage"),
            0,
            (2, 3),
            (3, 1),
            False,
            Made(None),
            Global("torch", "float8_e5m2"),
        ),
    )

    assert find_tensors({"w": call}).tensors == [("w", "F8_E5M2", (2, 3))]


def test_a_subclass_of_tensor_is_one() -> None:
    """_rebuild_from_type_v2 wraps the call."""
    inner = tensor(4)
    call = Made(Global("torch._tensor", "_rebuild_from_type_v2"), (inner.what, Global("my", "T"), inner.args, {}))

    assert find_tensors({"w": call}).tensors == [("w", "F32", (4,))]


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model"])
def test_a_checkpoint_is_its_weights(key: str) -> None:
    """The optimizer's tensors beside the state dict are no part of the model."""
    saved = {"epoch": 3, key: {"a": tensor(1)}, "optimizer": {"state": {0: {"exp_avg": tensor(1)}}}}

    assert find_tensors(saved).tensors == [("a", "F32", (1,))]


def test_a_model_with_a_part_called_model_keeps_its_names() -> None:
    """A state dict is not stepped into."""
    assert find_tensors({"model": tensor(1), "head": tensor(2)}).tensors == [
        ("head", "F32", (2,)),
        ("model", "F32", (1,)),
    ]


def test_a_module_names_its_tensors_as_its_state_dict_does() -> None:
    """Parameters, buffers and inner modules give dotted names; unsaved buffers are left out."""
    empty: dict[str | int, object] = {}
    inner = Made(Global("m", "Linear"), (), {"_parameters": {"weight": parameter(2, 2)}, "_buffers": empty})
    unsaved = Made(Global("builtins", "set"), (["scratch"],))
    buffers: dict[str | int, object] = {"scratch": tensor(9), "mean": tensor(3)}
    outer = Made(
        Global("m", "Net"),
        (),
        {"_modules": {"up": inner}, "_buffers": buffers, "_non_persistent_buffers_set": unsaved, "training": True},
    )

    found = find_tensors(outer)

    assert found.module == "m.Net"
    assert sorted(found.tensors) == [("mean", "F32", (3,)), ("up.weight", "F32", (2, 2))]


@pytest.mark.parametrize(
    "args",
    [(), (1, 2, 3, 4), (storage(), 0, (1, "x"), (1,)), (storage(), 0, (-1,), (1,)), (storage(), 0, (True,), (1,))],
)
def test_forged_calls_are_no_tensors(args: tuple[object, ...]) -> None:
    """A call with arguments that torch never writes is not counted."""
    assert not is_tensor(Made(Global("torch._utils", "_rebuild_tensor_v2"), args))


def test_a_call_of_somebody_else_is_no_tensor() -> None:
    """The module counts as well as the name."""
    assert not is_tensor(Made(Global("evil", "_rebuild_tensor_v2"), (storage(), 0, (1,), (1,))))


def test_nesting_and_sharing_are_bounded() -> None:
    """A value that holds itself, and one that shares its parts sixty times over, both end."""
    loop: dict[str | int, object] = {}
    loop["a"] = loop
    shared: dict[str | int, object] = {"w": tensor(1)}
    for _ in range(MAX_DEPTH - 4):
        shared = {"x": shared, "y": shared}

    for value in (loop, shared):
        assert not find_tensors(value).complete


def test_no_tensors_is_an_empty_answer() -> None:
    """Whatever else a pickle may hold."""
    for value in (None, "x", [1], {"a": 1}, Made(None), Global("a", "b")):
        found = find_tensors(value)
        assert (found.tensors, found.complete, found.module) == ([], True, "")
