"""The table for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from report_examples import ALL, BUSY, EVIL, hostile

from aiguard_agent.core.report import ScanReport
from aiguard_agent.report.renderer import Style
from aiguard_agent.report.renderers.csv import COLUMNS, RENDERER


def rows(report: ScanReport) -> Sequence[dict[str, str]]:
    text = RENDERER.render(report, Style())
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("name", ALL)
def test_every_asset_and_finding_is_a_row(name: str) -> None:
    """Servers, models and findings follow each other, every row with every column."""
    report = ALL[name]

    found = rows(report)

    assert [row["kind"] for row in found] == [
        *["server"] * len(report.estate.servers),
        *["model"] * len(report.estate.models),
        *["finding"] * len(report.findings),
    ]
    assert all(list(row) == COLUMNS for row in found)


def test_a_row_says_what_matters() -> None:
    """Lists are joined, nested values are named by what people call them."""
    vllm = rows(BUSY)[0]

    assert (vllm["id"], vllm["listeners"], vllm["auth"], vllm["approval"]) == (
        "vllm@gpu-07:8000",
        "127.0.0.1:8000",
        "partial",
        "approved",
    )
    assert (vllm["container"], vllm["models"]) == ("4f1c2a" + "0" * 58, "mistral-7b")
    assert rows(BUSY)[3]["listeners"] == "127.0.0.1:39211; [::]:11434"
    assert rows(BUSY)[-1]["state"] == "waived"


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(codec=None), max_size=30))
@example(EVIL)
@example("=1+1")
@example("+1")
@example("-1")
@example("@SUM(A1)")
@example("\t=1")
@example("\r=1")
@example("＝1")
def test_no_cell_is_a_formula_or_breaks_a_line(text: str) -> None:
    """Whatever a host calls its things: one line per row, and a spreadsheet calculates nothing."""
    report = hostile(text)

    found = rows(report)

    assert len(found) == 4
    assert len(RENDERER.render(report, Style()).split("\r\n")) == 6
    for row in found:
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))
            assert all(character.isprintable() or character.isspace() for character in cell)
            assert "\n" not in cell


def test_a_dangerous_cell_is_only_prefixed() -> None:
    """A formula is defused by an apostrophe, other text is left as it is."""
    assert rows(hostile("=1+1"))[0]["id"] == "'=1+1"
    assert rows(hostile("a=1+1"))[0]["id"] == "a=1+1"
