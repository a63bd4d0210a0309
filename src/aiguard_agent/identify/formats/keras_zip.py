"""Keras 3 (`.keras`): a zip of `metadata.json`, `config.json` and `model.weights.h5`.

Loading it builds the classes and functions that the configuration names, from any module that can be imported
(CVE-2025-1550, CVE-2025-8747), and Lambda layers when safe mode is off: hence `runs_code`.
"""

from __future__ import annotations

import msgspec

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify import keras_config
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.hdf5 import Hdf5, starts_at
from aiguard_agent.identify.jsontext import decode
from aiguard_agent.identify.window import Window
from aiguard_agent.identify.ziplist import Listing, list_zip, looks_like_zip, open_member, read_member

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", ".weights.h5"


class Metadata(msgspec.Struct):
    """The member that says who wrote the file."""

    keras_version: str = ""
    date_saved: str = ""


def sniff(glimpse: Glimpse) -> bool:
    """Tell by a zip; its members decide."""
    return looks_like_zip(glimpse.head, glimpse.tail)


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return the configuration's words and the weights; None for any other zip."""
    draft = Draft(format=FORMAT.name, runs_code=True)
    listing: Listing | None = None
    with draft.reading():
        listing = list_zip(reader)
    if listing is None or listing.find(CONFIG) is None or listing.find(METADATA) is None:
        return None
    if not any(entry.name.lower().endswith(WEIGHTS) for entry in listing.entries):
        return None
    for remark in listing.remarks:
        draft.remark(remark)
    if not listing.complete:
        draft.cut("the list of members is not complete")
    with draft.reading():
        metadata = decode(_member(reader, listing, METADATA), Metadata)
        draft.tell("keras_version", metadata.keras_version)
        draft.tell("date_saved", metadata.date_saved)
    with draft.reading():
        keras_config.describe(_member(reader, listing, CONFIG), draft)
    with draft.reading():
        _read_weights(reader, listing, draft)
    draft.quantization = draft.dominant()
    return draft.header()


def _member(reader: Reader, listing: Listing, name: str) -> bytes:
    entry = listing.find(name)
    return read_member(reader, entry) if entry is not None else b""


def _read_weights(reader: Reader, listing: Listing, draft: Draft) -> None:
    entry = next(entry for entry in listing.entries if entry.name.lower().endswith(WEIGHTS))
    inside = open_member(reader, entry)
    head = inside.read_at(0, 4096) if inside is not None else b""
    base = starts_at(head)
    if inside is None or base is None:
        raise ValueError(f"{entry.name} is no HDF5 file")
    whole = Hdf5(Window(inside), base, draft)
    whole.datasets(whole.root())


FORMAT = Format(
    name="keras",
    title="Keras 3",
    order=20,
    extensions=(".keras",),
    runs_code=True,
    sniff=sniff,
    read=read,
    source="https://keras.io/guides/serialization_and_saving/",
)
