"""Make the dashboard: python deploy/grafana/make.py [--write]. Import aiguard-agent.json into Grafana 10 or newer."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).with_name("aiguard-agent.json")
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
HERE = 'instance=~"$instance"'
WIDTH = 24
RED = {"mode": "absolute", "steps": [{"color": "green", "value": None}, {"color": "red", "value": 1}]}
RED_BELOW = {"mode": "absolute", "steps": [{"color": "red", "value": None}, {"color": "green", "value": 1}]}
PLAIN = {"mode": "absolute", "steps": [{"color": "blue", "value": None}]}

Panel = dict[str, Any]


def panel(
    kind: str,
    title: str,
    text: str,
    *queries: tuple[str, str],
    width: int,
    height: int = 8,
    unit: str = "short",
    steps: Any = None,
) -> Panel:
    """Return one panel; each query is an expression and the words beside its line."""
    return {
        "type": kind,
        "title": title,
        "description": text,
        "datasource": SOURCE,
        "gridPos": {"w": width, "h": height, "x": 0, "y": 0},
        "fieldConfig": {"defaults": {"unit": unit, "thresholds": steps or PLAIN, "noValue": "0"}, "overrides": []},
        "targets": [
            {"refId": chr(65 + at), "datasource": SOURCE, "expr": expression, "legendFormat": legend}
            for at, (expression, legend) in enumerate(queries)
        ],
    }


def stat(title: str, text: str, expression: str, **more: Any) -> Panel:
    """Return one large number."""
    made = panel("stat", title, text, (expression, ""), width=4, height=4, **more)
    made["options"] = {
        "reduceOptions": {"calcs": ["lastNotNull"]},
        "colorMode": "background_solid",
        "graphMode": "area",
    }
    return made


def lines(title: str, text: str, *queries: tuple[str, str], width: int = 12, unit: str = "short") -> Panel:
    """Return curves over time."""
    return panel("timeseries", title, text, *queries, width=width, unit=unit)


def table(title: str, text: str, expression: str, *labels: str) -> Panel:
    """Return the series of now, one a line, with their labels as columns."""
    made = panel("table", title, text, (expression, ""), width=12)
    made["targets"][0] |= {"instant": True, "format": "table"}
    hidden = {"Time": True}
    order = {name: at for at, name in enumerate(("instance", *labels, "Value"))}
    made["transformations"] = [{"id": "organize", "options": {"excludeByName": hidden, "indexByName": order}}]
    made["options"] = {"sortBy": [{"displayName": "Value", "desc": True}]}
    return made


def quantile(share: float) -> str:
    """Return the expression for the time that a share of all scans took at most."""
    return (
        f"histogram_quantile({share}, sum by (le)"
        f' (rate(aiguard_scan_duration_seconds_bucket{{{HERE}, phase="whole"}}[15m])))'
    )


def row(title: str) -> Panel:
    """Return a heading."""
    return {
        "type": "row",
        "title": title,
        "collapsed": False,
        "panels": [],
        "gridPos": {"w": WIDTH, "h": 1, "x": 0, "y": 0},
    }


PANELS: tuple[Panel, ...] = (
    row("AI on these hosts"),
    stat("Servers", "AI servers of any kind.", f"sum(aiguard_model_servers{{{HERE}}})"),
    stat(
        "Not approved",
        "Servers that are not in the inventory.",
        f'sum(aiguard_model_servers{{{HERE}, approved="false"}}) or vector(0)',
        steps=RED,
    ),
    stat(
        "Open to anybody",
        "Servers that answer without credentials.",
        f'sum(aiguard_model_servers_by_auth{{{HERE}, auth="none"}})',
        steps=RED,
    ),
    stat(
        "Critical findings",
        "Open ones.",
        f'sum(aiguard_findings{{{HERE}, severity="critical", state="open"}})',
        steps=RED,
    ),
    stat("Models", "Model files and bundles on disk.", f"sum(aiguard_models{{{HERE}}})"),
    stat("Blind spots", "What could not be looked at.", f"sum(aiguard_blind_spots{{{HERE}}}) or vector(0)", steps=RED),
    table(
        "Servers",
        "By engine, approval and exposure.",
        f"sum by (instance, engine, approved, exposure) (aiguard_model_servers{{{HERE}}})",
        "engine",
        "approved",
        "exposure",
    ),
    table(
        "Open findings",
        "By rule and severity.",
        f"sum by (instance, rule, severity) (aiguard_findings_open{{{HERE}}})",
        "rule",
        "severity",
    ),
    lines("Servers over time", "", (f"sum by (engine) (aiguard_model_servers{{{HERE}}})", "{{engine}}")),
    lines(
        "Open findings over time", "", (f'sum by (severity) (aiguard_findings{{{HERE}, state="open"}})', "{{severity}}")
    ),
    lines("Models by format", "", (f"sum by (format) (aiguard_models{{{HERE}}})", "{{format}}"), width=8),
    lines("Bytes of models", "", (f"aiguard_model_bytes{{{HERE}}}", "{{instance}}"), width=8, unit="bytes"),
    lines(
        "Blind spots over time",
        "",
        (f"sum by (collector, kind) (aiguard_blind_spots{{{HERE}}})", "{{collector}} {{kind}}"),
        width=8,
    ),
    row("The agents"),
    stat("Agents", "That answer.", f'sum(up{{job="aiguard", {HERE}}})', steps=RED_BELOW),
    stat(
        "Oldest scan",
        "Time since the host looked at longest ago.",
        f"max(time() - aiguard_last_scan_timestamp_seconds{{{HERE}}})",
        unit="s",
    ),
    stat(
        "Watchers down",
        "Sources of hints that do not see their canary.",
        f"count(aiguard_watcher_up{{{HERE}}} == 0) or vector(0)",
        steps=RED,
    ),
    stat(
        "Collectors failing",
        "In the last scan.",
        f"count(aiguard_collector_success{{{HERE}}} == 0) or vector(0)",
        steps=RED,
    ),
    stat(
        "Configurations refused",
        "Hosts with a mistake in the newest one.",
        f"count(aiguard_config_last_reload_successful{{{HERE}}} == 0) or vector(0)",
        steps=RED,
    ),
    stat(
        "Ledgers in trouble", "That refuse or drop.", f"sum(aiguard_ledger_degraded{{{HERE}}}) or vector(0)", steps=RED
    ),
    lines(
        "Scans",
        "How long a whole scan takes.",
        (
            quantile(0.5),
            "half take less",
        ),
        (
            quantile(0.99),
            "99 % take less",
        ),
        unit="s",
    ),
    lines(
        "Why it looked",
        "Scans by trigger.",
        (f"sum by (trigger) (rate(aiguard_scans_total{{{HERE}}}[5m]))", "{{trigger}}"),
        unit="ops",
    ),
    lines(
        "Collectors",
        "Time in the last scan.",
        (f"max by (collector) (aiguard_collector_duration_seconds{{{HERE}}})", "{{collector}}"),
        unit="s",
    ),
    lines(
        "Hints",
        "That something may have changed; dropped ones are made up for by the next scan.",
        (f"sum by (hint) (rate(aiguard_hints_total{{{HERE}}}[5m]))", "{{hint}}"),
        (f"sum(rate(aiguard_hints_dropped_total{{{HERE}}}[5m]))", "dropped"),
        unit="ops",
    ),
    lines(
        "Kernel events",
        "Read by each source, and how often some were lost.",
        (f"sum by (watcher) (rate(aiguard_watcher_events_total{{{HERE}}}[5m]))", "{{watcher}}"),
        (f"sum by (watcher) (rate(aiguard_watcher_losses_total{{{HERE}}}[5m]))", "{{watcher}} lost"),
        unit="ops",
    ),
    lines(
        "Events",
        "Recorded for sending.",
        (f"sum by (class, severity) (rate(aiguard_events_total{{{HERE}}}[5m]))", "{{class}} {{severity}}"),
        (f"sum by (lane, reason) (rate(aiguard_events_dropped_total{{{HERE}}}[5m]))", "{{lane}} given up: {{reason}}"),
        unit="ops",
    ),
    lines(
        "Outputs",
        "What became of events.",
        (f"sum by (output, result) (rate(aiguard_output_events_total{{{HERE}}}[5m]))", "{{output}} {{result}}"),
        unit="ops",
    ),
    lines("Waiting events", "", (f"sum by (output) (aiguard_spool_pending_events{{{HERE}}})", "{{output}}")),
    lines(
        "Ledger",
        "",
        (f"aiguard_ledger_bytes{{{HERE}}} / aiguard_ledger_limit_bytes{{{HERE}}}", "{{instance}}"),
        unit="percentunit",
        width=8,
    ),
    lines(
        "Memory", "Resident.", (f"aiguard_agent_resident_memory_bytes{{{HERE}}}", "{{instance}}"), unit="bytes", width=8
    ),
    lines(
        "Processor",
        "Share of one core, and of the time that work waited for a budget.",
        (f"rate(aiguard_agent_cpu_seconds_total{{{HERE}}}[5m])", "{{instance}}"),
        (f"sum by (budget) (rate(aiguard_throttled_seconds_total{{{HERE}}}[5m]))", "waited: {{budget}}"),
        unit="percentunit",
        width=8,
    ),
    lines(
        "Descriptors and threads",
        "",
        (f"aiguard_agent_open_fds{{{HERE}}}", "{{instance}} descriptors"),
        (f"aiguard_agent_threads{{{HERE}}}", "{{instance}} threads"),
        width=8,
    ),
    lines(
        "Scrapes",
        "Answers by status.",
        (f"sum by (code) (rate(aiguard_metrics_requests_total{{{HERE}}}[5m]))", "{{code}}"),
        unit="ops",
        width=8,
    ),
    lines(
        "Versions",
        "",
        (f"sum by (version, python) (aiguard_build_info{{{HERE}}})", "{{version}} on Python {{python}}"),
        width=8,
    ),
)


def placed(panels: tuple[Panel, ...]) -> list[Panel]:
    """Lay panels out from left to right, line by line, and number them."""
    made, x, y, height = [], 0, 0, 0
    for number, one in enumerate(panels, 1):
        size = one["gridPos"]
        if x + size["w"] > WIDTH:
            x, y, height = 0, y + height, 0
        made.append({**one, "id": number, "gridPos": {**size, "x": x, "y": y}})
        x, height = x + size["w"], max(height, size["h"])
    return made


def dashboard() -> dict[str, Any]:
    """Return the whole dashboard as Grafana wants it."""
    return {
        "uid": "aiguard-agent",
        "title": "aiguard-agent",
        "description": "AI model servers and models on every host, and the agents that look for them.",
        "tags": ["aiguard", "security"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [
                {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
                {
                    "name": "instance",
                    "label": "Host",
                    "type": "query",
                    "datasource": SOURCE,
                    "query": {"query": "label_values(aiguard_build_info, instance)", "refId": "instances"},
                    "refresh": 2,
                    "sort": 1,
                    "multi": True,
                    "includeAll": True,
                    "allValue": ".*",
                    "current": {"text": "All", "value": "$__all"},
                },
            ]
        },
        "panels": placed(PANELS),
    }


def main(arguments: list[str]) -> int:
    """Write the file, or say that it is stale."""
    text = json.dumps(dashboard(), indent=2) + "\n"
    if "--write" in arguments:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
        return 0
    print(f"stale: {TARGET.name}\nrun: python {Path(__file__).name} --write")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
