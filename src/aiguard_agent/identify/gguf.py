"""Read the header of a GGUF file, alone or inside another file.

    magic "GGUF" · u32 version · u64 tensors · u64 pairs
    pairs:   key string · u32 type · value            string = u64 length, bytes
    tensors: name string · u32 dimensions · u64 each · u32 type · u64 offset
    padding to general.alignment · data

Version 1 has u32 where later ones have u64. A big-endian file has the same magic and a swapped version.
"""

from __future__ import annotations

import hashlib
import math
import struct

from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft, label, words
from aiguard_agent.identify.ggml_types import FILE_TYPES, tensor_bytes, type_name
from aiguard_agent.identify.window import Cursor, Window

MAGIC = b"GGUF"
MOST_PAIRS = 100_000
MOST_COUNT = 1 << 24
"""Members of one array; the largest vocabularies have fewer than 2^19."""
MOST_KEY = 65_535
MOST_VALUES = 2000
"""Pairs that are kept; real files have some dozens."""
MOST_TEXT = 4096
MOST_TEMPLATE = 1 << 20
STRING, ARRAY, TEMPLATE = 8, 9, "tokenizer.chat_template"
NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
"""Value type -> struct code."""
WANTED = (".context_length", ".block_count", ".embedding_length", ".expert_count", ".expert_used_count")

Values = dict[str, str | int | float]


def is_gguf(head: bytes) -> bool:
    """Tell whether these bytes start a GGUF file of a version that exists, in either byte order."""
    version = head[4:8]
    return head[:4] == MAGIC and len(version) == 4 and (1 <= _little(version) <= 99 or 1 <= _big(version) <= 99)


def read_gguf(reader: Reader, draft: Draft, *, start: int = 0, end: int | None = None) -> Values:
    """Fill the draft from the header at `start` and return the pairs worth keeping."""
    window = Window(reader, start=start, end=end)
    values: Values = {}
    with draft.reading():
        head = window.bytes_at(start, 8)
        big = _little(head[4:8]) & 0xFFFF == 0
        cursor = Cursor(window, start + 4, big=big)
        version = cursor.number(4)
        width = 4 if version == 1 else 8
        tensors, pairs = cursor.number(width), cursor.number(width)
        draft.tell("gguf_version", str(version))
        draft.tell("byte_order", "big" if big else "")
        if version > 3:
            draft.remark(f"GGUF version {version} is newer than this reader")
        if pairs > MOST_PAIRS:
            raise ValueError(f"the header claims {pairs} key-value pairs")
        _read_pairs(cursor, pairs, width, values, draft)
        _read_tensors(cursor, tensors, width, values, draft)
    _describe(values, draft)
    return values


def _read_pairs(cursor: Cursor, pairs: int, width: int, values: Values, draft: Draft) -> None:
    for _ in range(pairs):
        length = cursor.number(width)
        if length > MOST_KEY:
            raise ValueError(f"a key claims {length} bytes")
        key = words(cursor.take(length))
        value = _read_value(cursor, width, key)
        if key in values:
            draft.remark(f"key given twice: {key}")
        elif value is not None and len(values) < MOST_VALUES:
            values[key] = value


def _read_value(cursor: Cursor, width: int, key: str) -> str | int | float | None:
    kind = cursor.number(4)
    if kind in NUMBERS:
        code = (">" if cursor.big else "<") + NUMBERS[kind]
        number: int | float = struct.unpack(code, cursor.take(struct.calcsize(code)))[0]
        return number if _is_wanted(key) else None
    if kind == STRING:
        return _read_text(cursor, cursor.number(width), key)
    if kind != ARRAY:
        raise ValueError(f"value type {kind} does not exist")
    member, count = cursor.number(4), cursor.number(width)
    if member == ARRAY:
        raise ValueError("an array holds arrays")
    if count > MOST_COUNT:
        raise ValueError(f"an array claims {count} members")
    if member == STRING:
        cursor.skip_strings(count, width)
    elif member in NUMBERS:
        cursor.skip(count * struct.calcsize("<" + NUMBERS[member]))
    else:
        raise ValueError(f"array member type {member} does not exist")
    return None


def _read_text(cursor: Cursor, length: int, key: str) -> str | None:
    template = key.startswith(TEMPLATE)
    if not template and not _is_wanted(key):
        cursor.skip(length)
        return None
    if length > (MOST_TEMPLATE if template else MOST_TEXT):
        cursor.skip(length)
        return f"({length} bytes, not read)"
    raw = cursor.take(length)
    return hashlib.sha256(raw).hexdigest() if template else words(raw)


def _is_wanted(key: str) -> bool:
    return key.startswith(("general.", "split.", "adapter.")) or key.endswith(WANTED) or key == "tokenizer.ggml.model"


def _read_tensors(cursor: Cursor, count: int, width: int, values: Values, draft: Draft) -> None:
    ends = [0]
    for _ in range(count):
        length = cursor.number(width)
        if length > MOST_KEY:
            raise ValueError(f"a tensor name claims {length} bytes")
        name = label(cursor.take(length))
        dimensions = cursor.number(4)
        if dimensions > 8:
            raise ValueError(f"a tensor claims {dimensions} dimensions")
        shape = tuple(cursor.number(width) for _ in range(dimensions))
        kind, offset = cursor.number(4), cursor.number(8)
        draft.add(name, type_name(kind), shape)
        size = tensor_bytes(kind, math.prod(shape))
        if size is None:
            draft.remark(f"tensor type {kind} is unknown")
        ends.append(offset + (size or 0))
    _check_data(cursor, max(ends), values, draft)


def _check_data(cursor: Cursor, data: int, values: Values, draft: Draft) -> None:
    """Compare where the last tensor ends with the size of the file; no tensor is read."""
    alignment = values.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment <= 0 or alignment & (alignment - 1) or alignment > 1 << 20:
        raise ValueError(f"alignment {alignment} is not a power of two")
    start = cursor.window.start
    begin = start + -(-(cursor.at - start) // alignment) * alignment
    spare = cursor.window.end - begin - data
    if data and spare < 0:
        draft.cut(f"{-spare} bytes of tensor data are missing")
    elif data and spare >= alignment:
        draft.remark(f"{spare} bytes follow the last tensor")


def _describe(values: Values, draft: Draft) -> None:
    def text(*keys: str) -> str:
        return next((str(values[key]) for key in keys if isinstance(values.get(key), str) and values[key]), "")

    draft.architecture = text("general.architecture")
    draft.name = text("general.name", "general.basename")
    draft.author = text("general.author", "general.organization")
    draft.license = text("general.license", "general.license.name")
    draft.base_model = text("general.base_model.0.name", "general.base_model.0.repo_url")
    file_type = values.get("general.file_type")
    # Bit 1024 means "guessed from the tensors" (llama.cpp).
    known = FILE_TYPES.get(file_type & ~1024) if isinstance(file_type, int) else None
    draft.quantization = known or draft.dominant()
    context = values.get(f"{draft.architecture}.context_length")
    draft.context_length = context if isinstance(context, int) and 0 < context < 1 << 40 else None
    _tell(values, draft)


def _tell(values: Values, draft: Draft) -> None:
    for key, value in values.items():
        if key.startswith(TEMPLATE):
            draft.tell("chat_template_sha256" + key.removeprefix(TEMPLATE), str(value))
        elif key.startswith("general.base_model.0."):
            draft.tell("base_model_" + key.rpartition(".")[2], str(value))
    for key in ("type", "version", "organization", "basename", "finetune", "size_label", "quantized_by", "repo_url"):
        draft.tell(key, str(values.get(f"general.{key}", "")))
    for key in WANTED:
        if key != ".context_length":
            draft.tell(key[1:], str(values.get(draft.architecture + key, "")))
    draft.tell("source_url", str(values.get("general.source.repo_url", values.get("general.source.url", ""))))
    draft.tell("tokenizer", str(values.get("tokenizer.ggml.model", "")))


def _little(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


def _big(raw: bytes) -> int:
    return int.from_bytes(raw, "big")
