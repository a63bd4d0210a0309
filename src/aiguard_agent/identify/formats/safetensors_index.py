"""The index that unites the shards of one Hugging Face model: `{"metadata": {…}, "weight_map": {tensor: shard}}`.

The same document lists safetensors and pickled shards; `runs_code` follows what the shards are.
"""

from __future__ import annotations

import re

import msgspec

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import MOST_LINKS, Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.jsontext import decode, decode_part
from aiguard_agent.identify.window import Window

MOST_INDEX = 24 * 1024 * 1024
"""The largest models have indexes of 9 MiB and more; the map is searched, never built."""
PAIR = re.compile(rb'"(?:[^"\\]|\\.){0,4000}"\s{0,100}:\s{0,100}"((?:[^"\\]|\\.){0,1000})"')
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


class Metadata(msgspec.Struct):
    """The part of the index's metadata that says something about the whole."""

    total_size: int | float | None = None
    total_parameters: int | None = None


class Index(msgspec.Struct):
    """The index file."""

    weight_map: msgspec.Raw
    metadata: Metadata | None = None


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the key, at either end, or by the usual name."""
    if glimpse.head.lstrip()[:1] != b"{":
        return False
    return b'"weight_map"' in glimpse.head + glimpse.tail or glimpse.name.endswith(".index.json")


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return the shards it names; where one lies outside the folder, a remark says so."""
    draft = Draft(format=FORMAT.name, role="shard-index")
    found = False
    with draft.reading():
        index = decode_part(Window(reader, first=65_536), 0, reader.size, Index, most=MOST_INDEX)
        found = True
        if index.metadata is not None:
            draft.tell("total_size", str(int(index.metadata.total_size)) if index.metadata.total_size else "")
            draft.parameters = index.metadata.total_parameters
        _read_map(bytes(index.weight_map), draft)
        draft.runs_code = any(shard.lower().endswith(PICKLED) for shard in draft.links)
    if not found and b'"weight_map"' not in glimpse.head + glimpse.tail:
        return None
    return draft.header()


def _read_map(raw: bytes, draft: Draft) -> None:
    tensors = 0
    shards: set[bytes] = set()
    for match in PAIR.finditer(raw):
        tensors += 1
        shards.add(match[1])
        if len(shards) > MOST_LINKS:
            break
    draft.tell("tensors", str(tensors))
    for shard in sorted(shards):
        draft.link(decode(b'"' + shard + b'"', str))
    if PAIR.sub(b"", raw).strip(b"{}, \t\r\n"):
        raise ValueError("the map holds something else than shards")


FORMAT = Format(
    name="safetensors-index",
    title="Hugging Face shard index",
    order=30,
    extensions=(".index.json",),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://huggingface.co/docs/huggingface_hub/package_reference/serialization",
)
