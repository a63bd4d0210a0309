"""The schema in words."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from aiguard_agent.config.describe import example, json_schema, reference, table, value_words
from aiguard_agent.config.keys import keys
from aiguard_agent.config.load import load, parse
from aiguard_agent.config.schema import Config

SHIPPED = Path(__file__).parents[2] / "configs" / "aiguard-agent.example.yaml"


def uncommented() -> str:
    return re.sub(r"^( *)#([a-z_]+:)", r"\1\2", example(), flags=re.MULTILINE)


def test_the_example_says_nothing_by_itself() -> None:
    """Installed as it is, every key keeps the default of the version that runs."""
    assert parse(example()).origins == {}
    assert load(SHIPPED, {}).config == Config()


def test_the_example_is_whole_and_true() -> None:
    """With every `#` removed all keys are there, with their defaults."""
    loaded = parse(uncommented())

    assert set(loaded.origins) == set(keys())
    assert loaded.config == Config()


def test_the_example_is_readable() -> None:
    """Lines fit a terminal and every key has words above it."""
    lines = example().splitlines()

    assert max(map(len, lines)) <= 120
    values = [number for number, line in enumerate(lines) if re.match(r" +#[a-z_]+:", line)]
    assert len(values) == len(keys())
    assert all(re.match(r" +# \S", lines[number - 1]) for number in values)


def test_the_reference_names_every_key() -> None:
    """Each with what it takes, its default and who reads it."""
    rows = re.findall(r"^\| `([a-z_.]+)` \|", reference(), re.MULTILINE)

    assert rows == list(keys())
    assert "duration, at least 50ms, at most 1m" in table("watch")
    assert "Takes effect with the next start." in table("ledger")
    assert value_words(keys()["metrics.listen"]) == "address:port, or `off`"


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("{}", True),
        ("log:", True),
        ("log: {level: info}", True),
        ("log: {level: loud}", False),
        ("lgo: {}", False),
        ("watch: {listen_interval: 100ms}", True),
        ("watch: {listen_interval: 100}", False),
        ("watch: {sources: {tracefs: off}}", True),
        ("watch: {sources: {tracefs: 1}}", False),
        ("metrics: {listen: off}", True),
        ("metrics: {bearer_token: {file: /x}}", True),
        ("metrics: {bearer_token: hunter2}", False),
        ("scan: {paths: [/a]}", True),
        ("scan: {paths: /a}", False),
        ("findings: {remap: {x: low}}", True),
    ],
)
def test_the_schema_agrees_with_the_loader(text: str, good: bool) -> None:
    """What an editor underlines is what the agent refuses."""
    validator = jsonschema.Draft202012Validator(json.loads(json_schema()))

    assert validator.is_valid(yaml.safe_load(text)) is good


def test_the_schema_takes_the_whole_example() -> None:
    """No key is forgotten, no default is outside."""
    schema = json.loads(json_schema())
    jsonschema.Draft202012Validator.check_schema(schema)

    jsonschema.validate(yaml.safe_load(uncommented()), schema)
