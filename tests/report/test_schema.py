"""The published schema and what is printed are the same thing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from report_examples import ALL, BUSY

from aiguard_agent.core.assets import AuthState, Confidence, ModelFile, Server
from aiguard_agent.core.facts import BlindKind, Scope
from aiguard_agent.core.finding import ApprovalState, FindingState, Severity
from aiguard_agent.report.document import SCHEMA_VERSION, document
from aiguard_agent.report.renderer import Style
from aiguard_agent.report.renderers import json as json_renderer

SCHEMA: dict[str, Any] = json.loads((files("aiguard_agent.report") / "schema" / "scan-1.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def objects(node: object, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of an object in the document, by its place."""
    if isinstance(node, dict):
        if "properties" in node:
            yield path or "root", node
        for key, value in node.items():
            yield from objects(value, f"{path}/{key}")


def test_the_schema_is_a_schema() -> None:
    """It is valid JSON Schema 2020-12."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", ALL)
def test_everything_rendered_is_valid(name: str) -> None:
    """Every example, rendered and read again, is what the schema says."""
    VALIDATOR.validate(json.loads(json_renderer.RENDERER.render(ALL[name], Style())))


def test_the_schema_can_say_no() -> None:
    """An unknown, missing or wrong key is refused."""
    for change in ({"extra": 1}, {"duration_ms": -1}, {"schema_version": "2.0"}, {"taken_at": "yesterday"}):
        assert list(VALIDATOR.iter_errors(document(BUSY) | change))
    assert list(VALIDATOR.iter_errors({k: v for k, v in document(BUSY).items() if k != "blind"}))


def test_every_object_is_closed_and_described() -> None:
    """Every object lists all its keys as required, allows no others, and describes itself and each key."""
    found = list(objects(SCHEMA))

    assert len(found) > 15
    for place, node in found:
        assert node["additionalProperties"] is False, place
        assert set(node["required"]) == set(node["properties"]), place
        assert node.get("description"), place
        for key, value in node["properties"].items():
            assert value.get("description") or SCHEMA["$defs"][value["$ref"].rpartition("/")[2]]["description"], (
                f"{place}.{key}"
            )


def keys_agree(value: object, schema: dict[str, Any], place: str) -> Iterator[str]:
    """Yield the places that were compared; fail where the keys or their order differ."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema and value is not None:
        schema = SCHEMA["$defs"][schema["anyOf"][0]["$ref"].rpartition("/")[2]]
    if isinstance(value, dict):
        assert list(value) == list(schema["properties"]), place
        yield place
        for key, inner in value.items():
            yield from keys_agree(inner, schema["properties"][key], f"{place}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from keys_agree(inner, schema["items"], place)


def test_schema_and_renderer_have_the_same_keys() -> None:
    """What is printed has the schema's keys, all of them and in its order, at every depth."""
    compared = set(keys_agree(document(BUSY), SCHEMA, "root"))

    assert {
        "root",
        "root.servers",
        "root.servers.container",
        "root.models",
        "root.findings",
        "root.blind",
        "root.summary.notes",
    } <= compared


def test_the_words_of_the_schema_are_ours() -> None:
    """Every enumeration lists exactly the words that the core knows."""
    definitions = SCHEMA["$defs"]

    assert definitions["approval"]["properties"]["state"]["enum"] == list(ApprovalState)
    assert definitions["auth"]["properties"]["state"]["enum"] == list(AuthState)
    assert definitions["listener"]["properties"]["scope"]["enum"] == list(Scope)
    assert definitions["blind"]["properties"]["kind"]["enum"] == list(BlindKind)
    assert definitions["finding"]["properties"]["state"]["enum"] == list(FindingState)
    assert definitions["finding"]["properties"]["severity"]["enum"] == [s.word for s in sorted(Severity, reverse=True)]
    for asset in ("finding", "server"):
        assert definitions[asset]["properties"]["confidence"]["enum"] == [c.word for c in Confidence]


def test_no_field_of_an_asset_is_forgotten() -> None:
    """A field added to a server or model is printed, or this test asks why not."""
    server, model = document(BUSY)["servers"][0], document(BUSY)["models"][0]

    assert {f.name for f in fields(Server)} - set(server) == {"process"}
    assert {f.name for f in fields(ModelFile)} - set(model) == set()


def test_the_version_fits_the_schema() -> None:
    """The major version is the one in the schema's name."""
    assert SCHEMA_VERSION.startswith("1.")
    assert SCHEMA["$id"].endswith("scan-1")
