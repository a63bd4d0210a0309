"""A renderer for what our chart uses of Helm's language: values, toYaml, toJson, nindent, with. Anything else fails."""

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

_WITH = re.compile(r"^ *\{\{- with (\S+) \}\}\n(.*?)^ *\{\{- end \}\}\n", re.MULTILINE | re.DOTALL)
_PIPED = re.compile(r"\s*\{\{- toYaml (\S+) \| nindent (\d+) \}\}")
_PLAIN = re.compile(r"\{\{ (?:(toJson) )?(\.\S+) \}\}")


def look_up(name: str, scope: Mapping[str, Any], dot: Any) -> Any:
    """Find `.Values.a.b`; a key that is not there is a mistake."""
    if name == ".":
        return dot
    found: Any = scope
    for key in name.strip(".").split("."):
        found = found[key]
    return found


def _indented(value: Any, width: int) -> str:
    text = yaml.safe_dump(value, default_flow_style=False).rstrip()
    return "".join(f"\n{' ' * width}{line}" for line in text.splitlines())


def render(template: str, scope: Mapping[str, Any], dot: Any = None) -> str:
    """Render one template."""

    def block(found: re.Match[str]) -> str:
        value = look_up(found[1], scope, dot)
        return render(found[2], scope, value) if value else ""

    def plain(found: re.Match[str]) -> str:
        value = look_up(found[2], scope, dot)
        return json.dumps(value) if found[1] else str(value)

    text = _WITH.sub(block, template)
    text = _PIPED.sub(lambda found: _indented(look_up(found[1], scope, dot), int(found[2])), text)
    text = _PLAIN.sub(plain, text)
    if "{{" in text:
        raise ValueError(f"more of Helm's language than this knows: {text[text.index('{{') :][:80]}")
    return text
