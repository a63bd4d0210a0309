"""One JSON object per line, each of which stands on its own: `record` says what it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from aiguard_agent.core.report import ScanReport
from aiguard_agent.report.document import document
from aiguard_agent.report.renderer import Renderer, Style

_RECORDS = {"server": "servers", "model": "models", "finding": "findings", "blind": "blind"}


def render(report: ScanReport, _style: Style) -> str:
    """Return the host line first, then servers, models, findings and blind spots, a line each."""
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in _lines(document(report)))


def _lines(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"record": "host", **{key: value for key, value in whole.items() if key not in _RECORDS.values()}}
    shared = {"hostname": whole["host"]["hostname"], "taken_at": whole["taken_at"]}
    for record, key in _RECORDS.items():
        for entry in whole[key]:
            yield {"record": record, **shared, **entry}


RENDERER = Renderer(
    name="ndjson",
    media_type="application/x-ndjson",
    help="one JSON object per line: host, server, model, finding, blind",
    render=render,
)
