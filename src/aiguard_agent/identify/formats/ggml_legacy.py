"""GGML before GGUF: `ggml`, `ggmf`, `ggjt` and the adapter `ggla`; whisper.cpp still writes the first.

    u32 magic · u32 version (not in `ggml`) · hyper-parameters · vocabulary · tensors to the end of the file
    tensor: u32 dimensions · u32 name length · u32 type · u32 each dimension · name · (padding to 32 in ggjt) · data

Which hyper-parameters follow depends on the program that wrote the file; LLaMA's and Whisper's are known here. Loading
it runs no code.
"""

from __future__ import annotations

import math

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft, label
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.ggml_types import FILE_TYPES, TYPES, type_name
from aiguard_agent.identify.window import Cursor, Window

MAGICS = {b"lmgg": "ggml", b"fmgg": "ggmf", b"tjgg": "ggjt", b"algg": "ggla"}
VERSIONS = {"ggmf": (1,), "ggjt": (1, 2, 3), "ggla": (1,)}
WIDER = {2: 20, 3: 24, 8: 36}
"""Bytes of a block of Q4_0, Q4_1 and Q8_0 before version 3 of ggjt, whose scales had four bytes."""
MOST_VOCABULARY = 1 << 20
LLAMA = ("vocabulary", "embedding_length", "multiple", "heads", "block_count", "rotation", "file_type")
WHISPER_CONTEXT, WHISPER_TEXT = 1500, 448
QUANTIZATION_VERSION = 1000


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the magic and, where there is one, a version that exists."""
    kind = MAGICS.get(glimpse.head[:4])
    if kind is None or len(glimpse.head) < 8:
        return False
    number = int.from_bytes(glimpse.head[4:8], "little")
    return number in VERSIONS[kind] if kind in VERSIONS else 0 < number < MOST_VOCABULARY


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return the hyper-parameters and tensors of a layout that is known."""
    if not sniff(glimpse):
        return None
    draft = Draft(format=FORMAT.name)
    kind = MAGICS[glimpse.head[:4]]
    draft.tell("container", kind)
    with draft.reading():
        cursor = Cursor(Window(reader), 4)
        version = cursor.number(4) if kind in VERSIONS else 0
        draft.tell("version", str(version) if version else "")
        if kind == "ggla":
            draft.role = "adapter"
            cursor.skip(8)
        else:
            _read_parameters(cursor, kind, draft)
        _read_tensors(cursor, kind == "ggjt", version < 3 and draft.architecture == "llama", draft)
    draft.quantization = draft.quantization or draft.dominant()
    return draft.header()


def _read_parameters(cursor: Cursor, kind: str, draft: Draft) -> None:
    start = cursor.at
    numbers = [cursor.number(4) for _ in range(11)]
    if kind == "ggml" and (numbers[1], numbers[5]) == (WHISPER_CONTEXT, WHISPER_TEXT):
        draft.architecture = "whisper"
        draft.context_length = numbers[5]
        draft.tell("block_count", str(numbers[4]))
        draft.quantization = FILE_TYPES.get(numbers[10] % QUANTIZATION_VERSION, "")
        sides = cursor.number(4), cursor.number(4)
        cursor.skip(4 * sides[0] * sides[1])
        _skip_vocabulary(cursor, cursor.number(4), scores=False)
        return
    vocabulary, width, _, heads, blocks, rotation, file_type = numbers[:7]
    if not heads or width != rotation * heads:
        raise ValueError("the hyper-parameters are of a program that is not known")
    cursor.at = start + 4 * len(LLAMA)
    draft.architecture = "llama"
    draft.tell("block_count", str(blocks))
    draft.tell("embedding_length", str(width))
    draft.quantization = FILE_TYPES.get(file_type % QUANTIZATION_VERSION, "")
    _skip_vocabulary(cursor, vocabulary, scores=kind != "ggml")


def _skip_vocabulary(cursor: Cursor, count: int, *, scores: bool) -> None:
    if count > MOST_VOCABULARY:
        raise ValueError(f"the vocabulary claims {count} words")
    if not scores:
        cursor.skip_strings(count, 4)
        return
    for _ in range(count):
        cursor.skip(cursor.number(4) + 4)


def _read_tensors(cursor: Cursor, aligned: bool, wider: bool, draft: Draft) -> None:
    while cursor.left:
        dimensions, length, kind = cursor.number(4), cursor.number(4), cursor.number(4)
        if not 0 < dimensions <= 4 or length > 1024 or kind not in TYPES:
            raise ValueError("a tensor's description is not possible")
        shape = tuple(cursor.number(4) for _ in range(dimensions))
        name = label(cursor.take(length))
        _, block, size = TYPES[kind]
        size = WIDER.get(kind, size) if wider else size
        draft.add(name, type_name(kind), shape)
        cursor.skip(-cursor.at % 32 if aligned else 0)
        data = -(-math.prod(shape) // block) * size
        if data > cursor.left:
            draft.cut(f"{data - cursor.left} bytes of tensor data are missing")
            return
        cursor.skip(data)


FORMAT = Format(
    name="ggml",
    title="GGML (before GGUF)",
    order=10,
    extensions=(".bin", ".ggml"),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md#historical-state-of-affairs",
)
