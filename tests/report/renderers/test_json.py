"""The JSON document."""

from __future__ import annotations

import json

import pytest
from report_examples import ALL, BUSY

from aiguard_agent.report.document import document
from aiguard_agent.report.renderer import Style
from aiguard_agent.report.renderers.json import RENDERER


@pytest.mark.parametrize("name", ALL)
def test_it_is_the_document(name: str) -> None:
    """What is printed reads back as the document, is pure printable ASCII, and ends with a newline."""
    text = RENDERER.render(ALL[name], Style(color=True))

    assert json.loads(text) == json.loads(json.dumps(document(ALL[name])))
    assert text.isascii()
    assert text.endswith("}\n")
    assert "\x1b" not in text


def test_the_same_scan_is_the_same_text() -> None:
    """Rendering has no state and no clock."""
    assert RENDERER.render(BUSY, Style()) == RENDERER.render(BUSY, Style())
