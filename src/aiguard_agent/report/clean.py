"""Make text that a stranger wrote harmless: valid for machines, visible for people; pure.

Undecodable bytes reach us as surrogate escapes. They are shown as `\\xNN`, the byte they stand for.
"""

from __future__ import annotations

import re
import unicodedata

_SURROGATE = re.compile("[\ud800-\udfff]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that move the cursor, reverse the reading order or show nothing at all."""
_MARKS = 2
"""Combining marks in a row that a letter may carry; more are shown, because they would pile up over other lines."""


def clean(text: str) -> str:
    """Return the text as valid Unicode: every surrogate as backslash words, everything else untouched."""
    return _SURROGATE.sub(lambda found: _escape(found[0]), text)


def plain(text: str) -> str:
    """Return the text on one line, safe for a terminal: control, bidirectional and invisible characters escaped."""
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        shown.append(_escape(character) if category in _HIDDEN or marks > _MARKS else character)
    return "".join(shown)


def _escape(character: str) -> str:
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:
        return f"\\x{number - 0xDC00:02x}"
    if character in _SHORT:
        return _SHORT[character]
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
