"""Orbax checkpoint (JAX): a folder of arrays with JSON about it; each file alone is only a part.

`_METADATA` lists the tree of arrays, `_CHECKPOINT_METADATA` what was saved, `manifest.ocdbt` is the root of the
TensorStore database that holds the arrays. Loading a checkpoint runs no code.
"""

from __future__ import annotations

import msgspec

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.jsontext import decode_part
from aiguard_agent.identify.window import Window

OCDBT = bytes.fromhex("0cdb3a2a")
KEYS = (b'"tree_metadata"', b'"item_handlers"')


class Value(msgspec.Struct):
    """What is known of one array."""

    value_type: str = ""
    write_shape: list[int] | None = None


class Leaf(msgspec.Struct):
    """One member of the tree."""

    value_metadata: Value = msgspec.field(default_factory=Value)


class Metadata(msgspec.Struct):
    """Either of the two JSON files."""

    tree_metadata: dict[str, Leaf] | None = None
    item_handlers: dict[str, str] | str | None = None


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the database's magic or by a key that only these files have."""
    text = glimpse.head.lstrip()[:1] == b"{" and any(key in glimpse.head for key in KEYS)
    return glimpse.head[:4] == OCDBT or text


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return the number of arrays, and their shapes where the file has them."""
    draft = Draft(format=FORMAT.name, role="manifest")
    if glimpse.head[:4] == OCDBT:
        draft.tell("database", "ocdbt")
        if int.from_bytes(glimpse.head[4:12], "little") != reader.size:
            draft.stop("the manifest is not as long as it says")
        return draft.header()
    found = False
    with draft.reading():
        metadata = decode_part(Window(reader), 0, reader.size, Metadata)
        if metadata.tree_metadata is None and metadata.item_handlers is None:
            return None
        found = True
        handlers = metadata.item_handlers
        draft.tell("items", ", ".join(sorted(handlers)) if isinstance(handlers, dict) else handlers or "")
        _read_tree(metadata.tree_metadata or {}, draft)
    return draft.header() if found or glimpse.name in ("_metadata", "_checkpoint_metadata") else None


def _read_tree(tree: dict[str, Leaf], draft: Draft) -> None:
    draft.tell("arrays", str(len(tree)) if tree else "")
    shapes = {name: leaf.value_metadata.write_shape for name, leaf in tree.items()}
    # A fingerprint of a part of the tree would be that of another model.
    if all(shape is not None for shape in shapes.values()):
        for name, shape in shapes.items():
            draft.add(name, "", tuple(shape or ()))


FORMAT = Format(
    name="orbax",
    title="Orbax checkpoint",
    order=30,
    extensions=(".ocdbt",),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://orbax.readthedocs.io/en/latest/guides/checkpoint/checkpoint_format.html",
)
