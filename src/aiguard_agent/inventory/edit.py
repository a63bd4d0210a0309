"""Add entries to the text of an inventory: text in, text out, every other byte as it was. Pure.

The new lines go behind the last entry of their section, which the parser's line numbers find. The result is read
again and compared: whatever this cannot place for sure is refused in words, never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence

from aiguard_agent.core.assets import ModelFile, Server
from aiguard_agent.core.nodes import Node, compose
from aiguard_agent.errors import DocumentError
from aiguard_agent.inventory.entries import Pairs, lines, model_pairs, server_pairs, waiver_pairs
from aiguard_agent.inventory.load import parse
from aiguard_agent.inventory.schema import Inventory


def approve(
    text: str,
    asset: ModelFile | Server,
    *,
    by: str = "",
    note: str = "",
    hostname: str = "",
    file: str = "inventory.yaml",
) -> str:
    """Return the text with an entry that approves `asset` as it is now. Raises DocumentError.

    With `hostname` a server is approved on that host alone.
    """
    if isinstance(asset, ModelFile):
        return _insert(text, "models", model_pairs(asset, by=by, note=note), file)
    return _insert(text, "servers", server_pairs(asset, by=by, note=note, hostname=hostname), file)


def waive(
    text: str,
    *,
    rule: str,
    subject: str,
    reason: str,
    by: str,
    until: str,
    note: str = "",
    file: str = "inventory.yaml",
) -> str:
    """Return the text with a waiver until a day (ISO date); `subject` is a glob. Raises DocumentError."""
    pairs = waiver_pairs(rule=rule, subject=subject, reason=reason, by=by, until=until, note=note)
    return _insert(text, "waivers", pairs, file)


def _insert(text: str, section: str, pairs: Pairs, file: str) -> str:
    before = parse(text, file=file)
    # The two YAML parsers count a byte order mark differently, so it is kept out of their sight.
    mark, body = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    new = mark + _placed(body, section, pairs, file)
    after = parse(new, file=file)
    if not _grown_by_one(before, after, section):
        raise DocumentError([f"{file}:1: {section}: no safe place for a new entry was found; add it by hand"])
    return new


def _grown_by_one(before: Inventory, after: Inventory, section: str) -> bool:
    for name in ("models", "servers", "waivers"):
        old, new = getattr(before, name), getattr(after, name)
        if new[: len(old)] != old or len(new) != len(old) + (name == section):
            return False
    return True


def _placed(text: str, section: str, pairs: Pairs, file: str) -> str:
    rows = text.splitlines(keepends=True)
    newline = "\r\n" if rows and rows[0].endswith("\r\n") else "\n"
    root = compose(text)
    if root is None or root.null:
        head = f"version: 1{newline}{section}:{newline}"
        return _behind(rows, len(rows), head + lines(pairs, indent=2, newline=newline), newline)
    if root.flow:
        raise DocumentError([f"{file}:{root.line}: file: is written as {{...}}; write it in lines to let it be edited"])
    node = root.get(section)
    if node is None:
        margin = " " * root.column
        head = f"{newline}{margin}{section}:{newline}"
        entry = lines(pairs, indent=root.column + 2, newline=newline)
        return _behind(rows, root.last_line, head + entry, newline)
    if node.items and node.flow:
        words = f"{section}: is written as [...]; write its entries in lines to let it be edited"
        raise DocumentError([f"{file}:{node.line}: {words}"])
    if node.items:
        return _behind(rows, node.last_line, lines(pairs, indent=node.column, newline=newline), newline)
    return _first(rows, root, node, section, lines(pairs, indent=root.column + 2, newline=newline), newline, file)


def _first(rows: Sequence[str], root: Node, node: Node, section: str, entry: str, newline: str, file: str) -> str:
    """Put the first entry below `section:`, taking away the `[]` or `null` that stood for an empty list."""
    key_line = next(key.line for key in root.keys if key.text == section)
    empty = node.flow or (node.null and node.text)
    if not empty:
        return _behind(rows, key_line, entry, newline)
    if not node.line == node.end_line == key_line:
        raise DocumentError([f"{file}:{key_line}: {section}: is empty over several lines; write it as `{section}:`"])
    row = rows[key_line - 1]
    left = row[: node.column].rstrip(" ")
    kept = [*rows[: key_line - 1], left + row[node.end_column :], *rows[key_line:]]
    return _behind(kept, key_line, entry, newline)


def _behind(rows: Sequence[str], line: int, added: str, newline: str) -> str:
    """Put lines behind line number `line`, ending that one first when the file stops in it."""
    before = "".join(rows[:line])
    if before and not before.endswith(("\n", "\r")):
        before += newline
    return before + added + "".join(rows[line:])
