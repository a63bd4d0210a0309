"""One RFC 4180 table of servers, models and findings, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from aiguard_agent.core.report import ScanReport
from aiguard_agent.report.clean import plain
from aiguard_agent.report.document import document
from aiguard_agent.report.renderer import Renderer, Style

COLUMNS = (
    "kind hostname taken_at id name product category version format size path user pid unit container listeners auth "
    "models held_by sha256 approval severity confidence state key subject title evidence remedy atlas owasp"
).split()  # fmt: skip

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a spreadsheet calculate instead of show; the wide forms count in some locales."""


def render(report: ScanReport, _style: Style) -> str:
    """Return the table with a header line; lists are joined by `; `, control characters are shown as escapes."""
    whole = document(report)
    shared = {"hostname": whole["host"]["hostname"], "taken_at": whole["taken_at"]}
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in _rows(whole):
        writer.writerow([_cell((shared | row).get(column, "")) for column in COLUMNS])
    return out.getvalue()


def _rows(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for server in whole["servers"]:
        yield {
            **server,
            "kind": "server",
            "container": (server["container"] or {}).get("id", ""),
            "listeners": [_address(listener) for listener in server["listeners"]],
            "auth": server["auth"]["state"],
            "models": [model["name"] for model in server["models"]],
            "approval": server["approval"]["state"],
            "evidence": _evidence(server["evidence"]),
        }
    for model in whole["models"]:
        yield {
            **model,
            "kind": "model",
            "approval": model["approval"]["state"],
            "evidence": _evidence(model["evidence"]),
        }
    for finding in whole["findings"]:
        yield {**finding, "kind": "finding", "evidence": _evidence(finding["evidence"])}


def _address(listener: dict[str, Any]) -> str:
    if listener["family"] == "unix":
        return f"unix:{listener['address']}"
    host = f"[{listener['address']}]" if listener["family"] == "tcp6" else listener["address"]
    return f"{host}:{listener['port']}"


def _evidence(evidence: Iterable[dict[str, str]]) -> list[str]:
    return [f"{piece['what']} ({piece['where']})" if piece["where"] else piece["what"] for piece in evidence]


def _cell(value: object) -> str:
    text = "; ".join(str(item) for item in value) if isinstance(value, list) else str(value)
    text = plain(text)
    return f"'{text}" if text.startswith(_FORMULA) else text


RENDERER = Renderer(
    name="csv",
    media_type="text/csv",
    help="one table of servers, models and findings, safe for spreadsheets",
    render=render,
)
