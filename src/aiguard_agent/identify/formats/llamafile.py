"""llamafile: one program for many systems that carries its model in a zip at its own end.

Using it means running it: `runs_code` is True. The GGUF member is read in place, as if it were a file of its own.
"""

from __future__ import annotations

from aiguard_agent.core.assets import ModelHeader
from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.draft import Draft
from aiguard_agent.identify.format import Format, Glimpse
from aiguard_agent.identify.gguf import is_gguf, read_gguf
from aiguard_agent.identify.ziplist import END, Listing, list_zip, open_member

PROGRAMS = (b"MZ", b"\x7fELF", b"#!")
"""A portable executable (which is also a shell script), a Linux program, a script."""


def sniff(glimpse: Glimpse) -> bool:
    """Tell by a program at the start and the end of a zip at the end."""
    return glimpse.head.startswith(PROGRAMS) and (END in glimpse.tail or glimpse.name.endswith(".llamafile"))


def read(reader: Reader, glimpse: Glimpse) -> ModelHeader | None:
    """Return what the largest GGUF member says; None for a program that carries none."""
    draft = Draft(format=FORMAT.name, runs_code=True)
    listing: Listing | None = None
    with draft.reading():
        listing = list_zip(reader)
    models = [entry for entry in listing.entries if entry.name.lower().endswith(".gguf")] if listing else []
    if not models:
        return None
    largest = max(models, key=lambda entry: entry.size)
    draft.tell("member", largest.name)
    draft.tell("members", str(len(models)) if len(models) > 1 else "")
    with draft.reading():
        inside = open_member(reader, largest)
        if inside is None or not is_gguf(inside.read_at(0, 8)):
            raise ValueError(f"the member {largest.name} is no GGUF")
        read_gguf(inside, draft)
    return draft.header()


FORMAT = Format(
    name="llamafile",
    title="llamafile",
    order=10,
    extensions=(".llamafile",),
    runs_code=True,
    sniff=sniff,
    read=read,
    source="https://github.com/mozilla-ai/llamafile",
)
