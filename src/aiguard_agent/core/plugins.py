"""Find the one plug-in value that each module of a plug-in folder declares."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def discover(package: ModuleType, constant: str, kind: type[T]) -> tuple[T, ...]:
    """Return the `constant` of every module of `package`, ordered by module name.

    Raises TypeError when a module does not define it, so that nothing goes missing in silence.
    """
    found: list[T] = []
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda i: i.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        value = getattr(module, constant, None)
        if not isinstance(value, kind):
            raise TypeError(f"{module.__name__} must define {constant}: {kind.__name__}")
        found.append(value)
    return tuple(found)
