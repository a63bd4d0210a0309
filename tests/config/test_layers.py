"""One source of values: a document or the environment."""

from __future__ import annotations

import pytest

from aiguard_agent.config.keys import keys
from aiguard_agent.config.layers import LIST_LIMIT, document_layer, environment_layer
from aiguard_agent.config.values import Address, Secret
from aiguard_agent.core.finding import Severity

RULES = ("runs-as-root", "shadow-server")

DOCUMENT = """\
scan:
  paths: [/srv/models, "/data"]
probe:
log: {format: console}
watch:
  listen_interval: 100ms
  sources:
    tracefs: off
metrics:
  listen: off
  bearer_token: {file: /etc/x}
findings:
  remap:
    runs-as-root: low
"""


def test_a_document_gives_values_and_their_lines() -> None:
    """Empty sections say nothing; flow and block style are the same."""
    layer = document_layer(DOCUMENT, "c.yaml", RULES)

    assert layer.problems == []
    assert layer.values == {
        "scan.paths": ("/srv/models", "/data"),
        "log.format": "console",
        "watch.listen_interval": 0.1,
        "watch.sources.tracefs": "off",
        "metrics.listen": None,
        "metrics.bearer_token": Secret(file="/etc/x"),
        "findings.remap": (("runs-as-root", Severity.LOW),),
    }
    assert layer.origins["watch.sources.tracefs"] == "c.yaml:8"
    assert set(layer.origins) == set(layer.values)


@pytest.mark.parametrize(
    ("text", "empty"), [("", True), ("# words\n", True), ("~", True), ("{}", False), ("log:", False)]
)
def test_nothing_at_all_is_told_from_nothing_said(text: str, empty: bool) -> None:
    """`{}` is a configuration, a file that was just emptied is not."""
    assert document_layer(text, "c.yaml").empty is empty


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("log: {levle: info}", "1: log.levle: unknown key, did you mean `level`?"),
        ("lgo: {}", "1: lgo: unknown key, did you mean `log`?"),
        ("watch: {tracefs: on}", "1: watch.tracefs: unknown key"),
        ("watch: {sources: on}", "1: watch.sources: must be a section of `key: value`"),
        ("- log", "1: file: must hold sections"),
        ("just words", "1: file: must hold sections"),
        ("log: {level: info}\nlog: {level: debug}", "2: log: is given twice, first in line 1"),
        ("log:\n  level: info\n  level: debug", "3: log.level: is given twice, first in line 2"),
        ("log: {level: }", "1: log.level: is empty; write a value"),
        ("log: {level: [info]}", "1: log.level: must be one `debug` or"),
        ("log: {level: infos}", "1: log.level: `infos` is none of `debug`, `info`"),
        ("log: {level: off}", "1: log.level: `off` is none of"),
        ("scan: {paths: /srv}", "1: scan.paths: must be a list: [/srv/models]"),
        ("scan: {paths: [/a, b]}", "1: scan.paths[1]: `b` is no full path"),
        ("scan:\n  paths:\n    - /a\n    -\n", "4: scan.paths[1]: must be one path, such as /srv/models"),
        ("scan: {paths: [[/a]]}", "1: scan.paths[0]: must be one path"),
        ("findings: {remap: low}", "1: findings.remap: must be a mapping of `rule: critical`"),
        ("findings: {remap: {runs-as-rot: low}}", "1: findings.remap.runs-as-rot: no rule `runs-as-rot`, did you mean"),
        ("findings: {remap: {qqqq: low}}", "1: findings.remap.qqqq: no rule `qqqq`, see: aiguard-agent rules list"),
        ('findings: {remap: {"A\\e": low}}', "1: findings.remap.A?: `A?` is no rule id"),
        ("findings: {remap: {runs-as-root: lo}}", "1: findings.remap.runs-as-root: `lo` is none of"),
        ("findings: {remap: {runs-as-root: }}", "1: findings.remap.runs-as-root: must be one severity"),
        ("findings: {remap: {runs-as-root: low, runs-as-root: low}}", "1: findings.remap.runs-as-root: is given twice"),
        ("findings: {disabled_rules: [shadow]}", "1: findings.disabled_rules[0]: no rule `shadow`, did you mean"),
        ("watch: {listen_interval: 1ms}", "1: watch.listen_interval: 1ms is out of bounds, at least 50ms"),
        ("log: {rate_limit: 1.5}", "1: log.rate_limit: `1.5` is no whole number"),
        ("metrics: {bearer_token: {fil: /x}}", "1: metrics.bearer_token.fil: unknown key, did you mean `file`?"),
        ("metrics: {bearer_token: {}}", "1: metrics.bearer_token: must hold either `file: PATH`"),
        ("metrics: {bearer_token: {file: /x, credential: y}}", "1: metrics.bearer_token: must hold either"),
        ("metrics: {bearer_token: {file: [/x]}}", "1: metrics.bearer_token: must hold either"),
        ("metrics: {bearer_token: [hunter2]}", "1: metrics.bearer_token: must be one secret, such as {file: PATH}"),
        ("metrics: {bearer_token: hunter2}", "1: metrics.bearer_token: holds the secret itself; put it into a file"),
        ("metrics: {tls_key: {file: hunter2}}", "1: metrics.tls_key: the file of a secret is given by its full path"),
        ("log: &a {}\nscan: *a", "1: file: anchors"),
        ("log: {level: !!python/name:os.system x}", "1: file: tags"),
        ("log: [", "1: file: no YAML"),
        ("log: {}\n---\nlog: {}", "2: file: a second document"),
    ],
)  # fmt: skip
def test_every_mistake_has_its_line_and_words(text: str, problem: str) -> None:
    """File, line, key, what, and the nearest right name; a secret is never repeated."""
    layer = document_layer(text, "c.yaml", RULES)

    assert [found[: len(problem) + 7] for found in layer.problems] == [f"c.yaml:{problem}"]
    assert "hunter2" not in "".join(layer.problems)


def test_one_mistake_hides_no_other() -> None:
    """All of a document are told, in its order; what is good is kept."""
    layer = document_layer("log: {level: x, format: y, rate_limit: 5}\nscan: {paths: [a, b]}\nz: 1\n", "c.yaml")

    assert [problem.split(": ")[1] for problem in layer.problems] == [
        "log.level",
        "log.format",
        "scan.paths[0]",
        "scan.paths[1]",
        "z",
    ]
    assert layer.values == {"log.rate_limit": 5}


def test_lists_are_bounded() -> None:
    """A list for machines is no configuration; the first values alone are looked at."""
    layer = document_layer("scan:\n  paths:\n" + "    - x\n" * (LIST_LIMIT + 50), "c.yaml")

    assert any(f"more than {LIST_LIMIT}" in problem for problem in layer.problems)
    assert len(layer.problems) <= 101


def test_variables_override_keys() -> None:
    """Lists are split at commas, mappings at `=`, secrets name their place."""
    layer = environment_layer(
        {
            "AIGUARD_SCAN_PATHS": "/a, /b",
            "AIGUARD_SCAN_SIGNATURES": "",
            "AIGUARD_WATCH_SOURCES_TRACEFS": "on",
            "AIGUARD_METRICS_LISTEN": "[::1]:9",
            "AIGUARD_METRICS_TEXTFILE": "off",
            "AIGUARD_METRICS_BEARER_TOKEN": "credential:token",
            "AIGUARD_FINDINGS_REMAP": "runs-as-root=low,shadow-server=high",
            "PATH": "/bin",
        },
        RULES,
    )

    assert layer.problems == []
    assert layer.values == {
        "scan.paths": ("/a", "/b"),
        "scan.signatures": (),
        "watch.sources.tracefs": "on",
        "metrics.listen": Address("::1", 9),
        "metrics.textfile": None,
        "metrics.bearer_token": Secret(credential="token"),
        "findings.remap": (("runs-as-root", Severity.LOW), ("shadow-server", Severity.HIGH)),
    }
    assert layer.origins["metrics.listen"] == "$AIGUARD_METRICS_LISTEN"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("LOG_LEVEL", "loud", "$AIGUARD_LOG_LEVEL: log.level: `loud` is none of"),
        ("LOG_LEVEL", "", "$AIGUARD_LOG_LEVEL: log.level: is empty; unset it, or write a value"),
        ("LOG_LEVLE", "info", "$AIGUARD_LOG_LEVLE: unknown variable, did you mean `$AIGUARD_LOG_LEVEL`?"),
        ("LGO_LEVEL", "info", "$AIGUARD_LGO_LEVEL: unknown variable, did you mean `$AIGUARD_LOG_LEVEL`?"),
        ("LOG_ZZZZZZZZZZZZZZZZZZ", "x", "$AIGUARD_LOG_ZZZZZZZZZZZZZZZZZZ: unknown variable, known are `$AIGUARD_LOG_"),
        ("WATCH_SOURCES", "on", "$AIGUARD_WATCH_SOURCES: unknown variable"),
        ("SCAN_PATHS", "/a,", "$AIGUARD_SCAN_PATHS: scan.paths: `` is no full path"),
        ("SCAN_PATHS", "/a\udcff", "$AIGUARD_SCAN_PATHS: scan.paths: `/a?` holds characters"),
        ("FINDINGS_REMAP", "runs-as-root", "$AIGUARD_FINDINGS_REMAP: findings.remap: `` is none of"),
        ("FINDINGS_REMAP", "x=low", "$AIGUARD_FINDINGS_REMAP: findings.remap: no rule `x`"),
        ("METRICS_BEARER_TOKEN", "hunter2", "$AIGUARD_METRICS_BEARER_TOKEN: metrics.bearer_token: holds the secret"),
        ("BUDGET_CPU", "0%", "$AIGUARD_BUDGET_CPU: budget.cpu: 0% is out of bounds, at least 0.5%, at most 100%"),
    ],
)  # fmt: skip
def test_bad_variables_are_told_by_name(name: str, text: str, problem: str) -> None:
    """A typing mistake in a variable is no silence."""
    layer = environment_layer({f"AIGUARD_{name}": text}, RULES)

    assert [found[: len(problem)] for found in layer.problems] == [problem]
    assert layer.values == {}
    assert "hunter2" not in "".join(layer.problems)


@pytest.mark.parametrize(
    "name",
    [
        "AIGUARD_INVENTORY",
        "AIGUARD_CONFIG",
        "AIGUARD_AGENT_SERVICE_HOST",
        "AIGUARD_AGENT_PORT",
        "AIGUARD_METRICS_SERVICE_HOST",
        "AIGUARD_METRICS_SERVICE_PORT_HTTP",
        "AIGUARD_METRICS_PORT_26442_TCP_ADDR",
        "AIGUARD_METRICS_PORT",
        "AIGUARD_",
        "NOT_AIGUARD_LOG_LEVEL",
    ],
)
def test_other_peoples_variables_are_let_pass(name: str) -> None:
    """Kubernetes sets such names in every container for a Service that is called aiguard-metrics."""
    layer = environment_layer({name: "tcp://10.0.0.1:26442"})

    assert (layer.problems, layer.values) == ([], {})


def test_no_key_looks_like_a_service_link() -> None:
    """A key whose variable Kubernetes could set would be set by it."""
    variables = [key.variable for key in keys().values()]

    assert [name for name in variables if name.endswith(("_PORT", "_SERVICE_HOST", "_SERVICE_PORT"))] == []
