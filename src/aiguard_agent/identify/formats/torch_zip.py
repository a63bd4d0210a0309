"""PyTorch checkpoint since 1.6: a zip with one pickle and the raw storages.

<root>/data.pkl · <root>/data/0 … · <root>/version · <root>/byteorder · <root>/.data/serialization_id

A state dict and a whole module have the same members: only the opcodes of data.pkl tell them apart.
"""

from __future__ import annotations

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.opcodes import scan
from aiguard_agent.identify.torch_file import describe_torch, is_shard
from aiguard_agent.identify.ziplist import Entry, Listing, list_zip, looks_like_zip, open_member


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the marks of a zip."""
    return looks_like_zip(glimpse.head, glimpse.tail)


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return tensors and kind from the opcodes of data.pkl."""
    listing = list_zip(reader)
    pickled = _pickle_of(listing) if listing is not None else None
    if listing is None or pickled is None:
        return None
    draft = Draft(format=FORMAT.name, runs_code=True, role="weights-part" if is_shard(glimpse.name) else "model")
    draft.tell("seen", f"zip member {pickled.name}")
    for remark in listing.remarks:
        draft.remark(remark)
    draft.complete = listing.complete
    if len(list(listing.ending("data.pkl"))) > 1:
        draft.remark("more than one data.pkl: which one is loaded depends on the reader")
    with draft.reading():
        inside = open_member(reader, pickled)
        if inside is None:
            draft.stop("data.pkl cannot be read")
        else:
            describe_torch(scan(inside), draft)
    return draft.header(keep_tensors=draft.role == "weights-part")


def _pickle_of(listing: Listing) -> Entry | None:
    """Return `<root>/data.pkl` unless code beside it makes the zip a TorchScript archive."""
    for entry in listing.ending("data.pkl"):
        root = entry.name[: -len("data.pkl")].lower()
        names = [other.name.lower() for other in listing.entries]
        beside = (f"{root}data/", f"{root}version", f"{root}byteorder", f"{root}.data/")
        # Of a zip without directory only the first member may be seen.
        ours = not listing.complete or any(name.startswith(beside) for name in names)
        if root.count("/") <= 1 and ours and not any(name.startswith(f"{root}code/") for name in names):
            return entry
    return None


FORMAT = Format(
    name="pytorch",
    title="PyTorch checkpoint",
    order=20,
    extensions=(".pt", ".pth", ".bin", ".ckpt"),
    runs_code=True,
    sniff=sniff,
    read=read,
    source="https://docs.pytorch.org/docs/stable/notes/serialization.html",
)
