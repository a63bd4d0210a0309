"""TorchScript archive: a zip with a program, its constants and its tensors.

<root>/code/__torch__/… · <root>/data.pkl · <root>/constants.pkl · <root>/data/0 … · <root>/version
"""

from __future__ import annotations

import re

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.opcodes import scan
from aiguard_agent.identify.torch_file import describe_torch
from aiguard_agent.identify.ziplist import Listing, list_zip, looks_like_zip, open_member

CODE = re.compile(r"^(?P<root>[^/]*/)?code/__torch__(?:/|\.py$)", re.IGNORECASE)


def sniff(glimpse: Glimpse) -> bool:
    """Tell by the marks of a zip."""
    return looks_like_zip(glimpse.head, glimpse.tail)


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return tensors and module class from the opcodes of data.pkl; the program itself is not read."""
    listing = list_zip(reader)
    root = _root(listing) if listing is not None else None
    if listing is None or root is None:
        return None
    draft = Draft(format=FORMAT.name, runs_code=True)
    draft.tell("seen", f"zip members under {root}code/__torch__")
    for remark in listing.remarks:
        draft.remark(remark)
    draft.complete = listing.complete
    with draft.reading():
        entry = listing.find(f"{root}data.pkl")
        inside = open_member(reader, entry) if entry is not None else None
        if inside is None:
            draft.stop("data.pkl cannot be read")
        else:
            describe_torch(scan(inside), draft)
    draft.extra.pop("kind", None)
    return draft.header()


def _root(listing: Listing) -> str | None:
    for entry in listing.entries:
        match = CODE.match(entry.name)
        if match:
            return match["root"] or ""
    return None


FORMAT = Format(
    name="torchscript",
    title="TorchScript archive",
    order=20,
    extensions=(".pt", ".pth", ".ts", ".torchscript", ".ptl"),
    runs_code=True,
    sniff=sniff,
    read=read,
    source="https://github.com/pytorch/pytorch/blob/main/torch/csrc/jit/docs/serialization.md",
)
