"""The schema of the inventory and its documentation."""

import ast
import inspect
from pathlib import Path

import msgspec
import pytest

from aiguard_agent.inventory import schema
from aiguard_agent.inventory.schema import ApprovedModel, ApprovedServer, Inventory, Waiver, texts

PAGE = (Path(__file__).parents[2] / "docs" / "inventory.md").read_text(encoding="utf-8")
ENTRIES = (ApprovedModel, ApprovedServer, Waiver)


@pytest.mark.parametrize("kind", ENTRIES, ids=lambda kind: kind.__name__)
def test_every_key_is_explained(kind: type[msgspec.Struct]) -> None:
    """Beside the field in the code, and on the page for operators."""
    body = next(
        n for n in ast.parse(inspect.getsource(schema)).body if isinstance(n, ast.ClassDef) and n.name == kind.__name__
    )
    fields = [index for index, node in enumerate(body.body) if isinstance(node, ast.AnnAssign)]

    assert len(fields) == len(msgspec.structs.fields(kind)) > 0
    for index in fields:
        assert isinstance(body.body[index + 1], ast.Expr), ast.unparse(body.body[index])
    assert [field.name for field in msgspec.structs.fields(kind) if f"`{field.name}`" not in PAGE] == []


def test_a_clause_names_file_and_line_when_they_are_known() -> None:
    """An inventory made in memory has neither."""
    known = Inventory(file="i.yaml", model_lines=(41,), waiver_lines=(50, 60))

    assert known.clause("models", 0) == "models[0] (i.yaml:41)"
    assert known.clause("waivers", 1) == "waivers[1] (i.yaml:60)"
    assert known.clause("servers", 0) == "servers[0]"
    assert Inventory().clause("models", 3) == "models[3]"


def test_one_many_and_none_become_a_tuple() -> None:
    """Callers need not ask which of them was written."""
    assert (texts(None), texts("a"), texts(("a", "b"))) == ((), ("a",), ("a", "b"))
