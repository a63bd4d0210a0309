"""The laws of every renderer."""

from __future__ import annotations

import pytest
from report_examples import ALL

from aiguard_agent.core.plugins import discover
from aiguard_agent.report import renderers
from aiguard_agent.report.renderer import Renderer, Style

RENDERERS = discover(renderers, "RENDERER", Renderer)


def test_every_format_of_the_command_line_is_there() -> None:
    """text, json, ndjson and csv, each once, each with a line of help."""
    assert sorted(renderer.name for renderer in RENDERERS) == ["csv", "json", "ndjson", "text"]
    assert all(renderer.help and "/" in renderer.media_type for renderer in RENDERERS)


@pytest.mark.parametrize("renderer", RENDERERS, ids=lambda renderer: renderer.name)
@pytest.mark.parametrize("name", ALL)
def test_every_renderer_ends_its_lines_and_is_valid(renderer: Renderer, name: str) -> None:
    """Whatever the report: text that can be encoded, ends with a newline, and is the same when asked again."""
    text = renderer.render(ALL[name], Style())

    assert text.encode("utf-8").endswith(b"\n")
    assert text == renderer.render(ALL[name], Style())
    assert "\x00" not in text
    assert "\x1b" not in text
