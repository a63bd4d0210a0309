"""NumPy archive (.npz): a zip of .npy members only."""

from __future__ import annotations

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.npy_header import read_array
from aiguard_agent.identify.ziplist import list_zip, looks_like_zip, read_member

MAX_ARRAYS = 1_000
HEADER = 4_096
"""Bytes read of each member; only headers of wide structured types are longer."""


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the marks of a zip."""
    return looks_like_zip(glimpse.head, glimpse.tail)


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return names, types and shapes of the arrays; the role is `data`."""
    listing = list_zip(reader)
    if listing is None or not listing.entries:
        return None
    if any(not entry.name.lower().endswith(".npy") for entry in listing.entries):
        return None
    draft = Draft(format=FORMAT.name, role="data", complete=listing.complete)
    draft.tell("seen", f"{len(listing.entries)} zip members .npy")
    for remark in listing.remarks:
        draft.remark(remark)
    with draft.reading():
        for entry in listing.entries[:MAX_ARRAYS]:
            array = read_array(read_member(reader, entry, most=HEADER))
            if array is None:
                draft.stop(f"no array header in {entry.name}")
                continue
            if array.holds_objects:
                draft.runs_code = True
                draft.remark("holds Python objects: loading it means unpickling")
            draft.add(entry.name[: -len(".npy")], array.dtype, array.shape)
        if len(listing.entries) > MAX_ARRAYS:
            draft.stop(f"more than {MAX_ARRAYS} arrays")
    draft.quantization = draft.dominant()
    return draft.header()


FORMAT = Format(
    name="npz",
    title="NumPy archive",
    order=25,
    extensions=(".npz",),
    runs_code=False,
    sniff=sniff,
    read=read,
    source="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html",
)
