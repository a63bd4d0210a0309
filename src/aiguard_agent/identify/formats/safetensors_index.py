"""The index that unites the shards of one Hugging Face model: `{"metadata": {…}, "weight_map": {tensor: shard}}`.

The same document lists safetensors and pickled shards; `runs_code` follows what the shards are.
"""

from __future__ import annotations

import msgspec

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.jsontext import decode_part
from aiguard_agent.identify.window import Window

PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")


class Metadata(msgspec.Struct):
    """The part of the index's metadata that says something about the whole."""

    total_size: int | float | None = None
    total_parameters: int | None = None


class Index(msgspec.Struct):
    """The index file."""

    weight_map: dict[str, str]
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
        index = decode_part(Window(reader, first=65_536), 0, reader.size, Index)
        found = True
        if index.metadata is not None:
            draft.tell("total_size", str(int(index.metadata.total_size)) if index.metadata.total_size else "")
            draft.parameters = index.metadata.total_parameters
        draft.tell("tensors", str(len(index.weight_map)))
        for shard in sorted(set(index.weight_map.values())):
            draft.link(shard)
        draft.runs_code = any(shard.lower().endswith(PICKLED) for shard in draft.links)
    if not found and b'"weight_map"' not in glimpse.head + glimpse.tail:
        return None
    return draft.header()


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
