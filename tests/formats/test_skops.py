"""skops files."""

import io
import zipfile

import pytest

from aiguard_agent.identify.formats.skops import FORMAT


def archive(schema: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("schema.json", schema)
    return buffer.getvalue()


def test_the_outermost_class_is_read(look, example) -> None:
    """Class and version come from the schema; loading it runs nothing by itself."""
    header = look(FORMAT, example("sklearn/model.skops"))

    assert (header.architecture, header.runs_code, header.complete) == ("LogisticRegression", False, True)
    assert dict(header.extra)["version"] == "0.16.0"


@pytest.mark.parametrize("schema", ['{"type": "object"}', '{"__class__": "x"}', "not json", ""])
def test_another_schema_is_none(look, schema: str) -> None:
    """Many archives have a schema.json."""
    assert look(FORMAT, archive(schema)) is None


def test_a_deep_schema_is_survived(look) -> None:
    """A schema nested a hundred thousand times is not complete, not a crash."""
    deep = '{"__loader__": "x", "a": ' + "[" * 100_000 + "]" * 100_000 + "}"

    assert not look(FORMAT, archive(deep)).complete
