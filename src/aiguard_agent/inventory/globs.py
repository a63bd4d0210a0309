"""Shell patterns over names, ids and paths: check them, match them, and write a text down as one; pure."""

from __future__ import annotations

from fnmatch import fnmatchcase


def fits(pattern: str, *texts: str) -> bool:
    """Tell whether the pattern covers one of the texts whole; an empty text is never covered."""
    return any(text and fnmatchcase(text, pattern) for text in texts)


def is_exact(pattern: str) -> bool:
    """Tell whether the pattern can cover one text only."""
    return literal(unliteral(pattern)) == pattern


def literal(text: str) -> str:
    """Return the pattern that covers exactly this text. A byte that was no UTF-8 becomes `?`: YAML cannot hold it."""
    return "".join(_literal(char) for char in text)


def _literal(char: str) -> str:
    if char in "*?[":
        return f"[{char}]"
    return "?" if "\ud800" <= char <= "\udfff" else char


def unliteral(pattern: str) -> str:
    """Undo `literal` as far as it can be undone."""
    return pattern.replace("[*]", "*").replace("[?]", "?").replace("[[]", "[")


def fault(pattern: str) -> str:
    """Say in words why the pattern is none, "" when it is fine."""
    position = pattern.find("[")
    while position >= 0:
        # A `]` right after `[` or `[!` is a member, not the end; that is how shells read it.
        start = position + (2 if pattern.startswith("[!", position) else 1)
        end = pattern.find("]", start + 1)
        if end < 0:
            return "`[` is never closed; write `[[]` for a bracket itself"
        position = pattern.find("[", end)
    return ""
