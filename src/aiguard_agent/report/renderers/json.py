"""One JSON document, as report/schema/scan-1.json describes it."""

from __future__ import annotations

import json

from aiguard_agent.core.report import ScanReport
from aiguard_agent.report.document import document
from aiguard_agent.report.renderer import Renderer, Style


def render(report: ScanReport, _style: Style) -> str:
    """Return the scan as indented JSON, ASCII only: safe on any terminal and under any locale."""
    return json.dumps(document(report), indent=2) + "\n"


RENDERER = Renderer(
    name="json",
    media_type="application/json",
    help="one document with everything, versioned, with a published schema",
    render=render,
)
