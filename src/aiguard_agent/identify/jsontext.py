"""Decode JSON of a hostile file: bounded in size and depth, and only what is asked for."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from aiguard_agent.identify.window import Window

T = TypeVar("T")
MOST_JSON = 8 * 1024 * 1024
"""Bytes of one document that are decoded; as Python objects it becomes several times larger."""


def decode(raw: bytes, kind: type[T], *, most: int = MOST_JSON) -> T:
    """Return the document as `kind`; raises ValueError when it is anything else.

    Members that `kind` does not name are skipped without being built, so a bomb in them costs nothing.
    """
    if len(raw) > most:
        raise ValueError(f"JSON of {len(raw)} bytes is more than is read")
    try:
        return msgspec.json.decode(raw, type=kind)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"not the JSON of this format: {error}") from error


def decode_part(window: Window, offset: int, length: int, kind: type[T], *, most: int = MOST_JSON) -> T:
    """Return the document at `offset`; checks the length before reading it."""
    if length > most:
        raise ValueError(f"JSON of {length} bytes is more than is read")
    return decode(window.bytes_at(offset, length), kind, most=most)
