"""skops file: a zip with `schema.json`, which names every class, and arrays as .npy members."""

from __future__ import annotations

import msgspec

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.jsontext import decode
from aiguard_agent.identify.ziplist import list_zip, looks_like_zip, read_member


class Schema(msgspec.Struct):
    """The outermost object."""

    class_: str = msgspec.field(name="__class__")
    module: str = msgspec.field(name="__module__")
    loader: str = msgspec.field(name="__loader__")
    version: str = msgspec.field(name="_skops_version", default="")


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the marks of a zip."""
    return looks_like_zip(glimpse.head, glimpse.tail)


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return the class of the outermost object."""
    listing = list_zip(reader)
    entry = listing.find("schema.json") if listing is not None else None
    if listing is None or entry is None:
        return None
    raw = read_member(reader, entry)
    if b'"__loader__"' not in raw:
        return None
    draft = Draft(format=FORMAT.name, complete=listing.complete)
    draft.tell("seen", "zip member schema.json")
    for remark in listing.remarks:
        draft.remark(remark)
    with draft.reading():
        schema = decode(raw, Schema)
        draft.architecture = schema.class_
        draft.tell("class", f"{schema.module}.{schema.class_}")
        draft.tell("version", schema.version)
    return draft.header()


FORMAT = Format(
    name="skops",
    title="skops file",
    order=20,
    extensions=(".skops",),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://skops.readthedocs.io/en/stable/persistence.html",
)
