"""`signatures`: list, show, lint, test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

GOOD = """\
id: mine
name: Mine
category: llm-server
verified_on: {date: '2026-11-25', how: source}
process: {exe: [minesrv]}
"""
CASES = """\
- {name: it is, processes: [{argv: [minesrv]}], expect: {product: mine}}
- {name: it is not, processes: [{argv: [grep, minesrv]}], expect: {product: null}}
"""


@pytest.fixture
def mine(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "s").mkdir()
    (tmp_path / "c").mkdir()
    (tmp_path / "s" / "mine.yaml").write_text(GOOD)
    (tmp_path / "c" / "mine.yaml").write_text(CASES)
    return tmp_path / "s", tmp_path / "c"


def test_list(run: Any, mine: tuple[Path, Path]) -> None:
    """The bundled ones and one's own, for people and for machines."""
    text = run("signatures", "list", "--signatures", mine[0]).out
    documents = json.loads(run("signatures", "list", "--format", "json", "--signatures", mine[0]).out)

    assert "mine " in text
    assert f"{len(documents)} signatures" in text
    assert {"mine", "ollama"} <= {document["id"] for document in documents}


def test_show_is_yaml_that_loads_again(run: Any) -> None:
    """One signature, whole, without the keys that say nothing."""
    shown = yaml.safe_load(run("signatures", "show", "ollama").out)

    assert shown["id"] == "ollama"
    assert "" not in shown.values()


def test_lint(run: Any, mine: tuple[Path, Path]) -> None:
    """No recommendations is 0, one is 3 with its words."""
    assert run("signatures", "lint", "--signatures", mine[0]).code == 0
    (mine[0] / "mine.yaml").write_text(GOOD.replace("{exe: [minesrv]}", "{}"))

    found = run("signatures", "lint", "--signatures", mine[0])

    assert (found.code, "nothing names it" in found.err) == (3, True)


@pytest.mark.parametrize(
    ("cases", "words"),
    [
        (CASES.replace("product: null", "product: mine"), "it is not: named nothing, expected mine"),
        (CASES.splitlines()[0] + "\n", "near miss"),
        ("- [", "not YAML"),
        (CASES.replace("processes", "prozesses"), "prozesses"),
    ],
)
def test_a_case_that_does_not_hold(run: Any, mine: tuple[Path, Path], cases: str, words: str) -> None:
    """What fails is named with its file and case, exit 3."""
    assert run("signatures", "test", "--signatures", mine[0], mine[1]).code == 0
    (mine[1] / "mine.yaml").write_text(cases)

    found = run("signatures", "test", "--signatures", mine[0], mine[1])

    assert found.code == 3
    assert words in found.err


def test_no_cases(run: Any, tmp_path: Path) -> None:
    """An empty folder is a mistake, not a success."""
    assert run("signatures", "test", tmp_path).code == 2
