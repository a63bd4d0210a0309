"""The identity of a model that survives renaming, moving and re-sharding: its tensors' names, types and shapes."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable

Tensor = tuple[str, str, tuple[int, ...]]
"""Name, type in the format's own words (upper case), shape."""


def fingerprint(tensors: Iterable[Tensor]) -> str:
    """Return the hex SHA-256 over the sorted tensors, or "" when there are none.

    Offsets are left out, so that order and sharding do not matter; every fine-tune of a base model shares its value:
    it recognises a layout and does not prove the weights.
    """
    rows = sorted(tensors)
    if not rows:
        return ""
    digest = hashlib.sha256()
    for name, dtype, shape in rows:
        digest.update(_field(name))
        digest.update(_field(dtype))
        digest.update(_field("x".join(map(str, shape))))
    return digest.hexdigest()


def parameters(tensors: Iterable[Tensor]) -> int:
    """Return how many numbers the tensors hold; a tensor without dimensions holds one."""
    return sum(math.prod(shape) for _, _, shape in tensors)


def _field(text: str) -> bytes:
    # Length first: a separator alone could be faked inside a hostile name. Surrogates keep undecodable names apart.
    raw = text.encode("utf-8", "surrogatepass")
    return len(raw).to_bytes(8, "little") + raw
