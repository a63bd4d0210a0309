"""Read `inventory.yaml`: an Inventory, or every problem of the file at once, each with its line and key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo

from aiguard_agent.core.nodes import MAX_CHARS, Malformed, Node, compose
from aiguard_agent.core.problems import cut, known_keys, listed, nearest, sentences
from aiguard_agent.errors import DocumentError
from aiguard_agent.inventory import globs
from aiguard_agent.inventory.schema import ApprovedModel, ApprovedServer, Bind, Inventory, Waiver, texts
from aiguard_agent.inventory.versions import parse_range

_HEX = re.compile(r"(?:sha256:)?([0-9A-Fa-f]{64})\Z")
_WHERE = re.compile(r" - at `\$(.*)`\Z")
_GLOBS = frozenset({"name", "source", "path", "license", "product", "host", "unit", "container", "rule", "subject"})
_SERVER_GLOBS = _GLOBS | {"id", "models"}
_NO_DIGEST = "is no SHA-256 digest (64 hexadecimal digits)"
_CHOICES = {"bind": tuple(Bind), "auth": ("required", "partial", "none")}
_TYPES = re.compile(r"`([a-z]+(?: \| [a-z]+)*)`")
_HUMAN = {"array": "a list", "object": "a mapping", "str": "a text", "int": "a number"}
_SECTIONS = ("models", "servers", "waivers")
_IDENTITIES = ("sha256", "fingerprint", "id", "name", "source", "path")
Entry = TypeVar("Entry", ApprovedModel, ApprovedServer, Waiver)


def load(path: Path) -> Inventory:
    """Read one inventory file. Raises DocumentError with all of its problems."""
    try:
        with path.open("rb") as stream:
            # UTF-8 takes four bytes per character at most: one read decides whether the file is too large.
            data = stream.read(4 * MAX_CHARS + 1)
        text = data.decode("utf-8")
    except OSError as error:
        raise DocumentError([f"{path}:1: file: cannot be read: {error.strerror or error}"]) from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DocumentError([f"{path}:{line}: file: is not UTF-8 text"]) from error
    return parse(text, file=str(path))


def parse(text: str, *, file: str = "inventory.yaml") -> Inventory:
    """Read the text of an inventory; `file` is what problems and clauses call it."""
    try:
        root = compose(text)
    except Malformed as error:
        raise DocumentError([f"{file}:{error.line}: file: {error}"]) from error
    problems: list[tuple[int, str]] = []
    inventory = _inventory(root, file, problems)
    if problems:
        raise DocumentError(sentences(file, problems))
    return inventory


def _inventory(root: Node | None, file: str, problems: list[tuple[int, str]]) -> Inventory:
    if root is None or root.null:
        return Inventory(file=file)
    if root.kind != "mapping":
        problems.append((root.line, f"file: must hold the keys `version`, {listed(_SECTIONS)}"))
        return Inventory(file=file)
    for key, value in known_keys(root, ("version", *_SECTIONS), "", problems, may_be_empty=_SECTIONS):
        if key == "version" and value.text != "1":
            problems.append((value.line, "version: must be 1, the only version of this document there is"))
    models, model_lines = _section(root, "models", ApprovedModel, problems)
    servers, server_lines = _section(root, "servers", ApprovedServer, problems)
    waivers, waiver_lines = _section(root, "waivers", Waiver, problems)
    return Inventory(
        models=models,
        servers=servers,
        waivers=waivers,
        file=file,
        model_lines=model_lines,
        server_lines=server_lines,
        waiver_lines=waiver_lines,
    )


def _section(
    root: Node, name: str, kind: type[Entry], problems: list[tuple[int, str]]
) -> tuple[tuple[Entry, ...], tuple[int, ...]]:
    node = root.get(name)
    if node is None or node.null:
        return (), ()
    if node.kind != "list":
        problems.append((node.line, f"{name}: must be a list, each entry beginning with `- `"))
        return (), ()
    entries = [(_entry(item, f"{name}[{index}]", kind, problems), item.line) for index, item in enumerate(node.items)]
    good = [(entry, line) for entry, line in entries if entry is not None]
    return tuple(entry for entry, _ in good), tuple(line for _, line in good)


def _entry(node: Node, where: str, kind: type[Entry], problems: list[tuple[int, str]]) -> Entry | None:
    """Read one entry key by key, so that one bad value hides no other."""
    if node.kind != "mapping":
        problems.append((node.line, f"{where}: must be a mapping of `key: value`"))
        return None
    before = len(problems)
    globbed = _SERVER_GLOBS if kind is ApprovedServer else _GLOBS
    fields = _fields(kind)
    values: dict[str, Any] = {}
    for key, value in known_keys(node, tuple(fields), f"{where}.", problems):
        for line, suffix, words in _faults(key, value, fields[key].type, globbed, values):
            problems.append((line, f"{where}.{key}{suffix}: {words}"))
    given = {key.text for key in node.keys}
    missing = [name for name, field in fields.items() if field.required and name not in given]
    problems.extend((node.line, f"{where}.{name}: is missing") for name in missing)
    if kind is ApprovedModel and not given.intersection(_IDENTITIES):
        problems.append((node.line, f"{where}: names no model; give one of {listed(_IDENTITIES)}"))
    return kind(**values) if len(problems) == before else None


@cache
def _fields(kind: type[Struct]) -> dict[str, FieldInfo]:
    """Return the fields of a kind of entry; resolving their types takes longer than reading an entry."""
    return {field.name: field for field in msgspec.structs.fields(kind)}


def _faults(
    key: str, node: Node, kind: Any, globbed: frozenset[str], values: dict[str, Any]
) -> Iterator[tuple[int, str, str]]:
    """Convert one value into `values[key]`, or yield what is wrong with it: line, place inside it, words."""
    try:
        value = msgspec.convert(node.plain(), kind, strict=False)
    except msgspec.ValidationError as error:
        where = _WHERE.search(str(error))
        suffix = where[1] if where else ""
        spot = _at(node, suffix)
        yield spot.line, suffix, _words(key, spot, str(error))
        return
    if key in ("sha256", "fingerprint"):
        yield from ((_at(node, at).line, at, _NO_DIGEST) for at, text in _spots(value) if not _HEX.match(text))
        values[key] = _digests(value)
        return
    if key in globbed:
        yield from ((_at(node, at).line, at, fault) for at, text in _spots(value) if (fault := globs.fault(text)))
    if key == "path" and not value.startswith(("/", "*")):
        yield node.line, "", "must be a full path: begin with `/` or `*`"
    if key == "version":
        yield from ((node.line, "", words) for words in _range_fault(value))
    values[key] = value


def _spots(value: str | tuple[str, ...]) -> list[tuple[str, str]]:
    """Return each text with its place: "" for the value itself, `[2]` inside a list."""
    if isinstance(value, str):
        return [("", value)]
    return [(f"[{index}]", text) for index, text in enumerate(value)]


def _digests(value: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return digests as lower-case digits alone; how they were written must not decide."""
    return tuple(text.removeprefix("sha256:").lower() for text in texts(value))


def _range_fault(text: str) -> Iterator[str]:
    try:
        parse_range(text)
    except ValueError as error:
        yield str(error)


def _at(node: Node, suffix: str) -> Node:
    """Return the node of `[2]` inside a list, else the value's own."""
    index = re.match(r"\[(\d+)\]", suffix)
    return node.items[int(index[1])] if index is not None and node.kind == "list" else node


def _words(key: str, node: Node, message: str) -> str:
    """Say msgspec's first objection in an operator's words."""
    if key in _CHOICES and node.kind == "text":
        choices = [str(choice) for choice in _CHOICES[key]]
        hint = nearest(node.text, choices)
        told = f", {hint}" if hint.startswith("did you mean") else ""
        return f"`{cut(node.text)}` is none of {listed(choices)}{told}"
    if key in ("sha256", "fingerprint"):
        return _NO_DIGEST
    if "date" in message:
        return f"`{cut(node.text)}` is no date; write it as YYYY-MM-DD"
    if "length >= 1" in message:
        return "is empty; write a value or leave the key out"
    plain = _WHERE.sub("", message)
    plain = _TYPES.sub(lambda found: " or ".join(_HUMAN.get(word, word) for word in _words_of(found[1])), plain)
    return plain[:1].lower() + plain[1:]


def _words_of(types: str) -> list[str]:
    return [word for word in types.split(" | ") if word != "null"]
