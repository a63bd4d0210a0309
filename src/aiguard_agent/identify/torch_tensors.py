"""Find the tensors in what a torch pickle would have made: names, types in safetensors' words, shapes, no numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from aiguard_agent.identify.fingerprint import Tensor
from aiguard_agent.identify.pickle_values import Global, Made, PersistentId

MAX_TENSORS = 100_000
MAX_VISITS = 400_000
MAX_DEPTH = 64
MAX_NAME = 1_024
STORAGE_TYPES = {
    "FloatStorage": "F32",
    "DoubleStorage": "F64",
    "HalfStorage": "F16",
    "BFloat16Storage": "BF16",
    "LongStorage": "I64",
    "IntStorage": "I32",
    "ShortStorage": "I16",
    "CharStorage": "I8",
    "ByteStorage": "U8",
    "BoolStorage": "BOOL",
    "ComplexFloatStorage": "C64",
    "ComplexDoubleStorage": "C128",
}
DTYPES = {
    "float32": "F32",
    "float64": "F64",
    "float16": "F16",
    "bfloat16": "BF16",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint8": "U8",
    "uint16": "U16",
    "uint32": "U32",
    "uint64": "U64",
    "bool": "BOOL",
    "complex64": "C64",
    "complex128": "C128",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
    "float8_e8m0fnu": "F8_E8M0",
}
WRAPPERS = ("state_dict", "model_state_dict", "model", "module", "model_state", "params", "net", "ema", "weights")
"""Keys under which trainers put the state dict beside epoch and optimizer."""
MODULE_FOLDERS = frozenset({"_parameters", "_modules", "_buffers"})
"""Attributes of a module whose names are no part of a tensor's name."""


@dataclass(slots=True)
class Found:
    """The tensors of one pickle."""

    tensors: list[Tensor] = field(default_factory=list)
    complete: bool = True
    module: str = ""
    """Class of the outermost module when a whole one was pickled, else "" (a state dict)."""


def find_tensors(value: object) -> Found:
    """Walk the value, within bounds and once through each shared part of a path, and collect tensors by name."""
    inner = _state_dict(value)
    found = Found(module=_module_class(inner))
    visits = 0
    stack: list[tuple[str, object, int]] = [("", inner, 0)]
    while stack:
        name, item, depth = stack.pop()
        visits += 1
        if visits > MAX_VISITS or len(found.tensors) >= MAX_TENSORS or len(name) > MAX_NAME or depth > MAX_DEPTH:
            found.complete = False
            if depth > MAX_DEPTH or len(name) > MAX_NAME:
                continue
            break
        tensor = _tensor(item)
        if tensor is not None:
            found.tensors.append((name, *tensor))
        else:
            stack.extend((_join(name, key), child, depth + 1) for key, child in _children(item))
    return found


def is_tensor(value: object) -> bool:
    """Tell whether a value is a call that rebuilds a tensor."""
    return _tensor(value) is not None


def _state_dict(value: object) -> object:
    """Step into the one entry of a checkpoint that holds the weights."""
    items = _items(value)
    if any(is_tensor(item) for item in items.values()):
        return value
    for key in WRAPPERS:
        inner = items.get(key)
        if isinstance(inner, (dict, Made)) and (_items(inner) or _module_class(inner)):
            return inner
    return value


def _module_class(value: object) -> str:
    if not isinstance(value, Made) or not isinstance(value.state, dict) or not MODULE_FOLDERS & value.state.keys():
        return ""
    what = value.what
    if isinstance(what, PersistentId) and isinstance(what.value, tuple) and len(what.value) > 1:
        # Legacy checkpoints write the class as ("module", class, source file, source).
        what = what.value[1]
    return str(what) if isinstance(what, Global) else ""


def _items(value: object) -> dict[str | int, object]:
    if isinstance(value, Made):
        return value.items
    return value if isinstance(value, dict) else {}


def _children(value: object) -> Iterable[tuple[str, object]]:
    if isinstance(value, Made):
        yield from _named(value.items)
        if isinstance(value.state, dict):
            yield from _named(_persistent_only(value.state))
    elif isinstance(value, dict):
        yield from _named(value)


def _named(items: dict[str | int, object]) -> Iterator[tuple[str, object]]:
    for key, child in items.items():
        if isinstance(child, (dict, Made)):
            yield ("" if key in MODULE_FOLDERS else str(key)), child


def _persistent_only(state: dict[str | int, object]) -> dict[str | int, object]:
    """Leave out the buffers that a module does not save in its state dict."""
    skipped = state.get("_non_persistent_buffers_set")
    buffers = state.get("_buffers")
    if not isinstance(skipped, Made) or not isinstance(skipped.args, tuple) or buffers is None:
        return state
    names = {name for part in skipped.args if isinstance(part, list) for name in part if isinstance(name, str)}
    kept: dict[str | int, object] = {key: item for key, item in _items(buffers).items() if key not in names}
    return {**state, "_buffers": kept}


def _join(name: str, key: str) -> str:
    return f"{name}.{key}" if name and key else name or key


def _tensor(value: object) -> tuple[str, tuple[int, ...]] | None:
    """Return type and shape when the value is one of torch's own calls that rebuild a tensor."""
    for _ in range(4):
        if not isinstance(value, Made) or not isinstance(value.what, Global) or not isinstance(value.args, tuple):
            return None
        args = value.args
        match (value.what.module, value.what.name):
            case ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3"):
                return _rebuilt(args)
            case ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") if args:
                value = args[0]
            case ("torch._tensor", "_rebuild_from_type_v2") if len(args) > 2 and isinstance(args[2], tuple):
                value = Made(args[0], args[2])
            case _:
                return None
    return None


def _rebuilt(args: tuple[object, ...]) -> tuple[str, tuple[int, ...]] | None:
    if len(args) < 4 or not isinstance(args[0], PersistentId) or not isinstance(args[2], tuple):
        return None
    shape = tuple(side for side in args[2] if isinstance(side, int) and not isinstance(side, bool) and side >= 0)
    if len(shape) != len(args[2]) or len(shape) > MAX_DEPTH:
        return None
    storage = args[0].value
    kind = storage[1] if isinstance(storage, tuple) and len(storage) > 1 else None
    dtype = STORAGE_TYPES.get(kind.name, "") if isinstance(kind, Global) else ""
    named = [arg for arg in args[4:] if isinstance(arg, Global) and arg.module == "torch"]
    if not dtype and named:
        dtype = DTYPES.get(named[0].name, named[0].name.upper())
    return dtype or "?", shape
