"""TorchServe model archive (.mar): a zip with weights, a Python handler and `MAR-INF/MANIFEST.json`."""

from __future__ import annotations

import msgspec

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.jsontext import decode
from aiguard_agent.identify.ziplist import list_zip, looks_like_zip, read_member

MANIFEST = "MAR-INF/MANIFEST.json"


class Model(msgspec.Struct, rename="camel"):
    """What the manifest says of the model."""

    model_name: str = ""
    model_version: str = ""
    handler: str = ""
    serialized_file: str = ""
    model_file: str = ""


class Manifest(msgspec.Struct, rename="camel"):
    """The manifest."""

    model: Model = msgspec.field(default_factory=Model)
    archiver_version: str = ""
    runtime: str = ""


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the marks of a zip."""
    return looks_like_zip(glimpse.head, glimpse.tail)


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return what the manifest says; the weights inside are not looked at."""
    listing = list_zip(reader)
    entry = listing.find(MANIFEST) if listing is not None else None
    if listing is None or entry is None:
        return None
    draft = Draft(format=FORMAT.name, runs_code=True, complete=listing.complete)
    draft.tell("seen", f"zip member {entry.name}")
    for remark in listing.remarks:
        draft.remark(remark)
    with draft.reading():
        manifest = decode(read_member(reader, entry), Manifest)
        draft.name = manifest.model.model_name
        draft.tell("version", manifest.model.model_version)
        draft.tell("handler", manifest.model.handler)
        draft.tell("weights", manifest.model.serialized_file)
        draft.tell("archiver", manifest.archiver_version)
    return draft.header()


FORMAT = Format(
    name="torchserve-mar",
    title="TorchServe model archive",
    order=20,
    extensions=(".mar",),
    runs_code=True,
    sniff=sniff,
    read=read,
    source="https://github.com/pytorch/serve/blob/master/model-archiver/README.md",
)
