"""The schema in words: the commented example, the table of the documentation, the JSON Schema for editors. Pure."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from aiguard_agent.config.keys import OFF, Key, keys, sections

WIDTH = 100
HEAD = """\
# aiguard-agent: every key with its default. What stands behind `#` without a blank is the default; to change it,
# remove the `#`. Put your own into config.d/*.yaml beside this file, which updates leave alone.
# Check it:  aiguard-agent check-config
# Explained: docs/configuration.md"""


def example() -> str:
    """Return a configuration file that shows every key, commented out, with its meaning and default."""
    lines = [HEAD]
    for name, kind in sections().items():
        indent = "  " * name.count(".")
        lines += ["", *_comment(_first(kind), indent), f"{indent}{name.rpartition('.')[2]}:"]
        for key in keys().values():
            if key.name.rpartition(".")[0] == name:
                lines += _comment(f"{key.doc.does}{_limits(key)}", f"{indent}  ")
                lines.append(f"{indent}  #{key.name.rpartition('.')[2]}: {in_line(key.plain(key.default))}")
    return "\n".join(lines) + "\n"


def table(section: str) -> str:
    """Return the keys of one section as a Markdown table."""
    rows = ["| key | value | default | what it does | read by |", "|---|---|---|---|---|"]
    for key in keys().values():
        if key.name.rpartition(".")[0] == section:
            value = f"{value_words(key)}{f', {key.bounds()}' if key.bounds() else ''}"
            does = key.doc.does + (" Takes effect with the next start." if key.doc.restart else "")
            cells = (f"`{key.name}`", value, f"`{in_line(key.plain(key.default))}`", does, key.doc.by)
            rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(rows) + "\n"


def reference() -> str:
    """Return all sections with their tables."""
    return "\n".join(f"### {name}\n\n{_first(kind)}\n\n{table(name)}" for name, kind in sections().items())


def value_words(key: Key) -> str:
    """Return what a key takes, in words."""
    words = {"one": key.kind.word, "list": f"list: {key.kind.word}", "mapping": f"rule to {key.kind.word}"}[key.shape]
    return f"{words}, or `{OFF}`" if key.optional else words


def json_schema() -> str:
    """Return the JSON Schema (2020-12) of a configuration file; bounds with units are left to check-config."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "aiguard-agent configuration",
        **_section_schema(""),
    }
    return json.dumps(document, indent=2) + "\n"


def _section_schema(section: str) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for name, key in keys().items():
        if name.rpartition(".")[0] == section:
            properties[name.rpartition(".")[2]] = _key_schema(key)
    for name, kind in sections().items():
        if name.rpartition(".")[0] == section:
            properties[name.rpartition(".")[2]] = {"description": _first(kind), **_section_schema(name)}
    return {"type": ["object", "null"], "properties": properties, "additionalProperties": False}


def _key_schema(key: Key) -> dict[str, Any]:
    schema: Mapping[str, object] = key.kind.schema
    if key.shape == "list":
        schema = {"type": "array", "items": schema}
    elif key.shape == "mapping":
        schema = {"type": "object", "additionalProperties": schema}
    elif key.optional:
        # YAML 1.1 reads a plain `off` as false
        schema = {"anyOf": [schema, {"enum": [OFF, False]}]}
    elif OFF in schema.get("enum", ()):  # type: ignore[operator]  # an enum is a list of words
        schema = {"enum": [*schema["enum"], True, False]}  # type: ignore[misc]  # as above: on and off
    default = key.default if key.type in (int, bool) else key.plain(key.default)
    return {"description": f"{key.doc.does}{_limits(key)}", "default": default, **schema}


def _limits(key: Key) -> str:
    bounds = key.bounds()
    return f" ({bounds[:1].upper()}{bounds[1:]}.)" if bounds else ""


def _first(kind: type) -> str:
    return " ".join((kind.__doc__ or "").split())


def _comment(text: str, indent: str) -> Iterator[str]:
    return (f"{indent}# {line}" for line in textwrap.wrap(text, WIDTH - len(indent)))


def in_line(value: object) -> str:
    """Return a value as YAML in one line."""
    if isinstance(value, list):
        return f"[{', '.join(str(one) for one in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {one}" for name, one in value.items()) + "}"
    return str(value)
