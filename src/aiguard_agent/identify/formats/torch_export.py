"""torch.export archive (.pt2): a zip with a graph in JSON and its weights, or a compiled library.

<root>/archive_format "pt2" · <root>/models/<name>.json · <root>/data/weights/<name>_weights_config.json ·
<root>/data/aotinductor/<name>/*.so. Up to torch 2.7: serialized_exported_program.json beside pickles.
"""

from __future__ import annotations

import msgspec

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.jsontext import decode
from aiguard_agent.identify.ziplist import Listing, list_zip, looks_like_zip, read_member

SCALARS = {
    1: "U8",
    2: "I8",
    3: "I16",
    4: "I32",
    5: "I64",
    6: "F16",
    7: "F32",
    8: "F64",
    10: "C64",
    11: "C128",
    12: "BOOL",
    13: "BF16",
    28: "U16",
    29: "F8_E4M3",
    30: "F8_E5M2",
}
"""Numbers of torch's serialised scalar types in safetensors' words."""
OLD_PROGRAM = "serialized_exported_program.json"


class Size(msgspec.Struct):
    """One dimension; symbolic ones have no number."""

    as_int: int = -1


class Meta(msgspec.Struct):
    """What is said of one tensor."""

    dtype: int = 0
    sizes: list[Size] = []


class Weight(msgspec.Struct):
    """One entry of the weights config."""

    tensor_meta: Meta | None = None
    is_param: bool = False
    use_pickle: bool = False


class Weights(msgspec.Struct):
    """The weights config."""

    config: dict[str, Weight] = {}


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the marks of a zip."""
    return looks_like_zip(glimpse.head, glimpse.tail)


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return the tensors that the weights config describes."""
    listing = list_zip(reader)
    if listing is None:
        return None
    seen = _mark(listing)
    if not seen:
        return None
    draft = Draft(format=FORMAT.name, runs_code=True, complete=listing.complete)
    draft.tell("seen", f"zip member {seen}")
    for remark in listing.remarks:
        draft.remark(remark)
    if any(entry.name.lower().endswith(".so") for entry in listing.entries):
        draft.remark("brings a compiled library that is loaded with it")
    with draft.reading():
        _read_weights(reader, listing, draft)
    draft.quantization = draft.dominant()
    return draft.header()


def _mark(listing: Listing) -> str:
    marks = list(listing.ending("archive_format"))
    models = [entry for entry in listing.entries if "models/" in entry.name or "data/aotinductor/" in entry.name]
    if marks and models:
        return marks[0].name
    return next((entry.name for entry in listing.ending(OLD_PROGRAM)), "")


def _read_weights(reader: Reader, listing: Listing, draft: Draft) -> None:
    for entry in listing.entries:
        if not entry.name.endswith("_weights_config.json"):
            continue
        weights = decode(read_member(reader, entry), Weights).config
        for name, weight in weights.items():
            if weight.use_pickle:
                draft.remark("a weight is stored as a pickle")
            if weight.tensor_meta is not None:
                dtype = SCALARS.get(weight.tensor_meta.dtype, str(weight.tensor_meta.dtype))
                draft.add(name, dtype, tuple(size.as_int for size in weight.tensor_meta.sizes))
        return


FORMAT = Format(
    name="pt2",
    title="torch.export archive",
    order=20,
    extensions=(".pt2",),
    runs_code=True,
    sniff=sniff,
    read=read,
    source="https://docs.pytorch.org/docs/stable/export/pt2_archive.html",
)
