"""Every bed there is: each module of `beds` that declares a BED, in the order of their names."""

import importlib
import pkgutil

import beds
from beds.bed import Bed


def _declared() -> tuple[Bed, ...]:
    found = []
    for module in sorted(pkgutil.iter_modules(beds.__path__), key=lambda found: found.name):
        if module.name != "bed":
            found.append(importlib.import_module(f"beds.{module.name}").BED)
    return tuple(found)


BEDS: tuple[Bed, ...] = _declared()
SERVERS: tuple[Bed, ...] = tuple(bed for bed in BEDS if bed.truths)
ORDINARY: tuple[Bed, ...] = tuple(bed for bed in BEDS if not bed.truths)
