"""One object per line."""

from __future__ import annotations

import json
from importlib.resources import files

import jsonschema
import pytest
from report_examples import ALL, BUSY

from aiguard_agent.report.document import document
from aiguard_agent.report.renderer import Style
from aiguard_agent.report.renderers.ndjson import RENDERER

SCHEMA = json.loads((files("aiguard_agent.report") / "schema" / "scan-1.json").read_text("utf-8"))


@pytest.mark.parametrize("name", ALL)
def test_every_line_stands_on_its_own(name: str) -> None:
    """Each line is one object that says what it is, from which host and scan, and fits its part of the schema."""
    lines = RENDERER.render(ALL[name], Style()).splitlines()

    records = [json.loads(line) for line in lines]

    assert [r["record"] for r in records] == [
        "host",
        *["server"] * len(ALL[name].estate.servers),
        *["model"] * len(ALL[name].estate.models),
        *["finding"] * len(ALL[name].findings),
        *["blind"] * len(ALL[name].estate.blind),
    ]
    for record in records[1:]:
        kind = record.pop("record")
        assert record.pop("taken_at") == records[0]["taken_at"]
        assert record.pop("hostname") == records[0]["host"]["hostname"]
        jsonschema.Draft202012Validator(
            SCHEMA | {"$ref": f"#/$defs/{kind}", "required": [], "properties": {}, "additionalProperties": True}
        ).validate(record)


def test_nothing_is_lost_against_json() -> None:
    """The lines hold what the document holds."""
    first, *others = [json.loads(line) for line in RENDERER.render(BUSY, Style()).splitlines()]
    whole = json.loads(json.dumps(document(BUSY)))

    assert first == {"record": "host"} | {
        k: v for k, v in whole.items() if k not in ("servers", "models", "findings", "blind")
    }
    assert [o["key"] for o in others if o["record"] == "finding"] == [f["key"] for f in whole["findings"]]
