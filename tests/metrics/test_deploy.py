"""Alerts, example and dashboard: every metric they name is one of ours, with the labels that it has."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from metric_examples import VOCABULARY, agent, ordinary
from prometheus_client.parser import text_string_to_metric_families

from aiguard_agent.config.schema import METRICS_PORT
from aiguard_agent.metrics.catalogue import SERIES, catalogue
from aiguard_agent.metrics.exposition import render
from aiguard_agent.metrics.families import estate_families, self_families
from aiguard_agent.metrics.labels import FIXED, OTHER
from aiguard_agent.metrics.serve import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool is missing: apt install prometheus")

ALERTS = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD = json.loads((DEPLOY / "grafana/aiguard-agent.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [
    *((rule["alert"], rule["expr"]) for rule in ALERTS),
    *((panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]),
]
EXPOSED = {
    sample.name: frozenset(sample.labels)
    for family in text_string_to_metric_families(
        render((*estate_families(ordinary(), VOCABULARY), *self_families(agent(), VOCABULARY))).decode()
    )
    for sample in family.samples
}
EXPOSED["up"] = frozenset({"job"})


def selectors(expression: str) -> Iterator[tuple[str, str]]:
    """Yield (metric, matchers) of an expression."""
    for found in re.finditer(r"\b(aiguard_\w+|up)\b(?:\{([^}]*)\})?", expression):
        yield found[1], found[2] or ""


@pytest.mark.parametrize(("name", "expression"), EXPRESSIONS, ids=lambda value: value[:40])
def test_every_expression_is_about_what_is_exposed(name: str, expression: str) -> None:
    """Metrics exist, their labels exist, and a value that is asked for by name is one that can come."""
    used = list(selectors(expression))
    assert used, name
    for metric, matchers in used:
        assert metric in EXPOSED, name
        for label, _operator, text in re.findall(r'(\w+)(=~|!~|!=|=)"([^"]*)"', matchers):
            assert label in EXPOSED[metric] | {"instance"}, (name, label)
            values = {*FIXED.get(label, ()), OTHER}
            if label in FIXED:
                assert set(text.split("|")) <= values, (name, text)
            if label == "rule":
                assert set(text.split("|")) <= VOCABULARY.rule, (name, text)
    for kept in re.findall(r"by \(([^)]*)\)", expression):
        labels = set().union(*(EXPOSED[metric] for metric, _matchers in used)) | {"instance"}
        assert set(kept.split(", ")) <= labels, (name, kept)


def test_every_metric_of_the_agent_is_shown() -> None:
    """What is exposed and drawn nowhere and alerted on nowhere should have a reason: it stands here."""
    used = {metric for _name, expression in EXPRESSIONS for metric, _matchers in selectors(expression)}
    bare = {re.sub(r"_bucket$", "", metric) for metric in used}

    assert {spec.name for spec in catalogue()} - bare == {
        "aiguard_agent_start_timestamp_seconds",  # for who wants to see restarts
        "aiguard_config_generation",
        "aiguard_config_last_reload_success_timestamp_seconds",
        "aiguard_findings_suppressed",
        "aiguard_gpus",  # these describe the host, nothing is wrong with any number
        "aiguard_hints_pending",
        "aiguard_last_scan_duration_seconds",  # of textfiles, where there is no histogram
        "aiguard_listeners",
        "aiguard_network_namespaces",
        "aiguard_processes",
        "aiguard_rootless",
    }


def test_every_alert_says_what_and_where() -> None:
    """Each has a severity, a summary and a description, and is tested both firing and silent."""
    tests = yaml.safe_load((DEPLOY / "prometheus/alerts_test.yaml").read_text())["tests"]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    firing = {case["alertname"] for case in cases if case["exp_alerts"]}

    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS) >= 12
    for rule in ALERTS:
        assert rule["labels"]["severity"] in ("info", "warning", "critical")
        assert set(rule["annotations"]) == {"summary", "description"}
    assert firing == {rule["alert"] for rule in ALERTS}


def test_the_example_asks_where_the_agent_listens() -> None:
    """Port, address and limit of the example are those of the agent's defaults."""
    job = yaml.safe_load((DEPLOY / "prometheus/scrape.example.yaml").read_text())["scrape_configs"][0]

    assert job["job_name"] == "aiguard"
    assert job["static_configs"] == [{"targets": [f"{Settings().host}:{Settings().port}"]}]
    assert job["sample_limit"] > SERIES
    assert Settings().port == METRICS_PORT


def test_the_dashboard_is_the_codes_own() -> None:
    """The file is what make.py makes, fixed by id, for whichever data source is chosen."""
    done = subprocess.run(
        [sys.executable, str(DEPLOY / "grafana/make.py")], capture_output=True, check=False, timeout=60
    )

    assert (done.returncode, done.stdout) == (0, b"")
    assert (DASHBOARD["uid"], DASHBOARD["schemaVersion"]) == ("aiguard-agent", 39)
    assert {panel["datasource"]["uid"] for panel in PANELS} == {"${datasource}"}
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"]) > 25


def test_panels_do_not_overlap() -> None:
    """No two panels of the dashboard share a place, and none leaves the page."""
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _y in cells) < 24
        taken |= cells


@needs_promtool
def test_promtool_tests_the_alerts() -> None:
    """`promtool check rules` and `promtool test rules` are content."""
    for words in (
        ("check", "rules", "alerts.yaml"),
        ("test", "rules", "alerts_test.yaml"),
        ("check", "config", "scrape.example.yaml"),
    ):
        done = subprocess.run(
            [str(PROMTOOL), *words], cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_promtool_reads_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    """Each panel's query is PromQL."""
    rules = [
        {"record": f"panel:{number}", "expr": expression.replace("$instance", ".*")}
        for number, (_name, expression) in enumerate(EXPRESSIONS)
    ]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))

    done = subprocess.run(
        [str(PROMTOOL), "check", "rules", str(file)], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(EXPRESSIONS)} rules found" in done.stdout
