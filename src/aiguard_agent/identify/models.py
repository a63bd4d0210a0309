"""Name model files: try every format on the first and last bytes, and let the first that can read the header win."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from aiguard_agent.core.assets import ModelFile, ModelHeader
from aiguard_agent.core.facts import FileSeen
from aiguard_agent.core.plugins import discover
from aiguard_agent.core.reader import Reader
from aiguard_agent.errors import BudgetExceeded
from aiguard_agent.identify import formats as formats_package
from aiguard_agent.identify.bundles import Recognised, build_models
from aiguard_agent.identify.format import HEAD, TAIL, Format, Glimpse

__all__ = ["Recognised", "build_models", "glimpse", "identify_model", "known_extensions", "model_formats", "recognise"]

SHARED_EXTENSIONS = frozenset({".bin", ".ckpt", ".data", ".dat", ".json", ".model", ".pb", ".txt", ".xml", ".zip"})
"""Endings that so many kinds of file share that one of another kind inside is no oddity."""

CONTAINERS = 20
"""From this `Format.order` on, the first bytes alone do not name the format."""


@functools.cache
def model_formats() -> tuple[Format, ...]:
    """Return every format there is, in the order in which they are tried."""
    return tuple(sorted(discover(formats_package, "FORMAT", Format), key=lambda f: (f.order, f.name)))


def known_extensions(formats: Iterable[Format] | None = None) -> frozenset[str]:
    """Return the file endings (lower case, with the dot) that model files usually have."""
    chosen = model_formats() if formats is None else formats
    return frozenset(ending.lower() for one in chosen for ending in one.extensions)


def recognise(
    seen: FileSeen,
    reader: Reader,
    siblings: Iterable[str] = frozenset(),
    *,
    formats: Sequence[Format] | None = None,
) -> Recognised | None:
    """Return the file with what its header says, or None when no format knows it.

    A limit or a read error inside a header gives a header that is not `complete`. Raises OSError and BudgetExceeded
    only when not even the first and last bytes could be read: then the caller has a blind spot, not "no model".
    """
    chosen = model_formats() if formats is None else formats
    look = glimpse(seen, reader, siblings)
    for one in chosen:
        if not one.sniff(look):
            continue
        header = _read(one, reader, look)
        if header is not None:
            return Recognised(seen=seen, header=_with_mismatch(header, one, look, chosen))
    return None


def identify_model(seen: FileSeen, reader: Reader, siblings: Iterable[str] = frozenset()) -> ModelFile | None:
    """Return the one model that this file is by itself, or None; parts of bundles need `build_models`."""
    found = recognise(seen, reader, siblings)
    built = build_models([found]) if found is not None else ()
    return built[0] if built else None


def glimpse(seen: FileSeen, reader: Reader, siblings: Iterable[str] = frozenset()) -> Glimpse:
    """Read the first and last bytes of a file."""
    size = reader.size
    head = reader.read_at(0, HEAD)
    tail = head if size <= HEAD else reader.read_at(max(0, size - TAIL), TAIL)
    return Glimpse(
        name=spoken_name(seen).lower(),
        size=size,
        head=head,
        tail=tail,
        siblings=frozenset(name.lower() for name in siblings),
    )


def spoken_name(seen: FileSeen) -> str:
    """Return the file name people use: a content-addressed store's own names (a digest) say nothing."""
    own = PurePosixPath(seen.path).name
    if "." in own:
        return own
    names = sorted(PurePosixPath(alias).name for alias in seen.aliases if "/" in alias)
    return next((name for name in names if "." in name), own)


def _read(one: Format, reader: Reader, look: Glimpse) -> ModelHeader | None:
    try:
        return one.read(reader, look)
    except (BudgetExceeded, OSError) as error:
        if one.order >= CONTAINERS and not look.name.endswith(one.extensions):
            # What was seen so far (a zip, a first opcode) fits many files that are no models.
            return None
        words = f"reading stopped: {str(error) or type(error).__name__}"
        return ModelHeader(format=one.name, runs_code=one.runs_code, complete=False, remarks=(words,))


def _with_mismatch(header: ModelHeader, one: Format, look: Glimpse, chosen: Sequence[Format]) -> ModelHeader:
    ending = PurePosixPath(look.name).suffix
    if not ending or ending in SHARED_EXTENSIONS or ending in known_extensions([one]):
        return header
    if ending not in known_extensions(chosen):
        return header
    return replace(header, remarks=(*header.remarks, f"named {ending}, but the bytes are {one.title}"))
