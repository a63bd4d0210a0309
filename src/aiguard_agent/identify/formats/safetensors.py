"""safetensors: the tensor format of the Hugging Face Hub; holds numbers and short texts only.

u64 header length (little-endian) · JSON header · tensor data
header: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, "__metadata__": {"format": "pt"}}

Each tensor's bytes must follow the one before, from the first byte of the data to the end of the file.
"""

from __future__ import annotations

import re

import msgspec

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.jsontext import decode, decode_part
from aiguard_agent.identify.window import Window

MOST_HEADER = 100_000_000
"""The library refuses a longer header."""
METADATA = "__metadata__"
SHARD = re.compile(r"-\d{5}-of-\d{5}\.")
ADAPTER = re.compile(r"\blora_(?:[ab]|up|down|te|unet)\b|lora_[AB]\.|\.lora_")
OFFSETS = b'"data_offsets"'


class Entry(msgspec.Struct):
    """One member of the header: a tensor, or the metadata, whose words are read apart."""

    dtype: str = ""
    shape: list[int] = []
    data_offsets: tuple[int, int] | None = None


class Words(msgspec.Struct):
    """The metadata alone."""

    metadata: dict[str, str] = msgspec.field(name=METADATA, default_factory=dict)


def sniff(glimpse: Glimpse) -> bool:
    """Tell by a brace behind a length that is at least possible, or behind any when the name says so."""
    if glimpse.head[8:9] != b"{":
        return False
    length = int.from_bytes(glimpse.head[:8], "little")
    return 2 <= length <= min(MOST_HEADER, glimpse.size - 8) or glimpse.name.endswith(".safetensors")


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return what the JSON header says; a broken one still is a safetensors file by its shape."""
    draft = Draft(format=FORMAT.name)
    seen = False
    with draft.reading():
        window = Window(reader, first=65_536)
        length = window.u64(0)
        if length > MOST_HEADER:
            raise ValueError(f"header length {length} is beyond what the format allows")
        if length > reader.size - 8:
            raise ValueError(f"header length {length} exceeds the file")
        entries = decode_part(window, 8, length, dict[str, Entry])
        raw = window.bytes_at(8, length)
        words = decode(raw, Words).metadata
        entries.pop(METADATA, None)
        seen = bool(words) or any(entry.data_offsets is not None for entry in entries.values())
        if raw.count(OFFSETS) != len(entries):
            draft.remark("a tensor is described twice or in disguise")
        _describe(words, draft)
        _read_tensors(entries, reader.size - 8 - length, draft)
    if not seen and not glimpse.name.endswith(".safetensors") and not _looks_right(glimpse):
        return None
    draft.quantization = draft.dominant()
    shard = SHARD.search(glimpse.name) is not None
    if shard:
        draft.role = "weights-part"
    elif draft.tensors and any(ADAPTER.search(name) for name, _, _ in draft.tensors):
        draft.role = "adapter"
    return draft.header(keep_tensors=shard)


def _looks_right(glimpse: Glimpse) -> bool:
    # A header that is cut or too long to decode still shows its first member.
    return OFFSETS in glimpse.head or b'"__metadata__"' in glimpse.head


def _read_tensors(entries: dict[str, Entry], data: int, draft: Draft) -> None:
    spans: list[tuple[int, int]] = []
    for name, entry in entries.items():
        if entry.data_offsets is None or not entry.dtype:
            raise ValueError(f"no dtype or no offsets for {name}")
        draft.add(name, entry.dtype.upper()[:32], tuple(entry.shape))
        spans.append(entry.data_offsets)
    place = 0
    for begin, end in sorted(spans):
        if begin != place or end < begin:
            draft.remark("tensor data overlaps or has holes")
        place = max(place, end)
    if place > data:
        draft.cut(f"{place - data} bytes of tensor data are missing")
    elif place < data:
        draft.remark(f"{data - place} bytes follow the last tensor")


def _describe(words: dict[str, str], draft: Draft) -> None:
    """Take what trainers and the model-spec convention write; most files say only `format: pt`."""

    def first(*keys: str) -> str:
        return next((words[key] for key in keys if words.get(key)), "")

    draft.name = first("modelspec.title", "name", "ss_output_name")
    draft.architecture = first("modelspec.architecture", "architecture")
    draft.author = first("modelspec.author", "author")
    draft.license = first("modelspec.license", "license")
    draft.base_model = first("base_model", "ss_base_model_version", "ss_sd_model_name")
    for key in ("format", "modelspec.hash_sha256", "modelspec.description", "modelspec.date", "total_size"):
        draft.tell(key, words.get(key, ""))


FORMAT = Format(
    name="safetensors",
    title="safetensors",
    order=20,
    extensions=(".safetensors",),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://github.com/huggingface/safetensors#format",
)
