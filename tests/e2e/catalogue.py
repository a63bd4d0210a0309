"""Every bed there is: each module of `beds` that declares a BED, in the order of their names."""

import importlib
import pkgutil

import beds
from beds.bed import Bed


def _declared() -> tuple[Bed, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(beds.__path__) if module.name != "bed")
    return tuple(importlib.import_module(f"beds.{name}").BED for name in names)


BEDS: tuple[Bed, ...] = _declared()
SERVERS: tuple[Bed, ...] = tuple(bed for bed in BEDS if bed.truths)
ORDINARY: tuple[Bed, ...] = tuple(bed for bed in BEDS if not bed.truths)
