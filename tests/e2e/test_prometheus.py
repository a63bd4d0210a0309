"""The real Prometheus scrapes the real endpoint, and an alert fires."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aiguard_agent.core.assets import Estate, Server
from aiguard_agent.core.facts import Listener, Process, Scope
from aiguard_agent.core.finding import Approval, ApprovalState, Confidence, Finding, Severity
from aiguard_agent.core.report import ScanReport
from aiguard_agent.metrics.access import Access
from aiguard_agent.metrics.board import Board
from aiguard_agent.metrics.labels import Vocabulary
from aiguard_agent.metrics.selfreport import SelfReport
from aiguard_agent.metrics.serve import Endpoint, Settings

PROMETHEUS = shutil.which("prometheus")
RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "alerts.yaml"
VOCABULARY = Vocabulary(
    engine=frozenset({"ollama"}),
    format=frozenset(),
    rule=frozenset({"exposed-no-auth"}),
    collector=frozenset(),
)
SERVER = Server(
    id="ollama@host:11434",
    product="ollama",
    name="Ollama",
    category="llm-server",
    process=Process(pid=1, start_ticks=1, started=0),
    listeners=(Listener(family="tcp4", address="0.0.0.0", port=11434, scope=Scope.ANY),),
)
FINDING = Finding(
    rule="exposed-no-auth",
    subject=SERVER.id,
    title="anybody can use it",
    severity=Severity.CRITICAL,
    confidence=Confidence.HIGH,
)
PATIENCE = 60.0


def report(*findings: Finding) -> ScanReport:
    return ScanReport(
        agent_version="1",
        estate=Estate(taken_at=time.time(), hostname="host", servers=(SERVER,)),
        approvals={SERVER.id: Approval(state=ApprovalState.SHADOW)},
        findings=findings,
    )


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[Callable[[str], Any]]:
    """Run Prometheus on loopback, asking every second; yield what asks its API."""
    port = free_port()
    (folder / "token").write_text("t0ken")
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [
            {
                "job_name": "aiguard",
                "sample_limit": 600,
                "authorization": {"credentials_file": str(folder / "token")},
                "static_configs": [{"targets": [target]}],
            }
        ],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
    words = [
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([str(PROMETHEUS), *words], stdout=log, stderr=log)
    try:
        yield lambda path: json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{path}", timeout=10))[
            "data"
        ]
    finally:
        process.terminate()
        process.wait(30)


def until(question: Callable[[], Any], folder: Path) -> Any:
    """Ask again until there is an answer; a Prometheus that is still starting has none."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if answer := question():
                return answer
        except OSError:
            pass
        time.sleep(0.2)
    raise AssertionError((folder / "log").read_text()[-3000:])


@pytest.mark.e2e
@pytest.mark.skipif(PROMETHEUS is None, reason="prometheus is missing: apt install prometheus")
def test_prometheus_scrapes_and_alerts(tmp_path: Path) -> None:
    """Series arrive with their labels and types, a critical finding fires, and its end ends the alert."""
    board = Board(lambda: SelfReport(version="1", python="3", requests=endpoint.requests()), VOCABULARY)
    endpoint = Endpoint(Settings(port=0, access=Access(token="t0ken")), board)
    board.publish(report(FINDING))
    endpoint.start()
    try:
        target = endpoint.addresses[0].removeprefix("http://").removesuffix("/metrics")
        with prometheus(tmp_path, target) as ask:
            [series] = until(lambda: ask("query?query=aiguard_model_servers")["result"], tmp_path)
            told = {"engine": "ollama", "approved": "false", "exposure": "any", "instance": target, "job": "aiguard"}
            assert series["metric"] == {"__name__": "aiguard_model_servers", **told}
            assert series["value"][1] == "1"
            kinds = ask("metadata?metric=aiguard_metrics_requests_total") or ask(
                "metadata?metric=aiguard_metrics_requests"
            )
            assert [entry["type"] for entries in kinds.values() for entry in entries] == ["counter"]

            [alert] = until(lambda: firing(ask), tmp_path)
            assert alert["labels"]["rule"] == "exposed-no-auth"
            assert alert["annotations"]["summary"] == f"1 critical finding(s) exposed-no-auth on {target}"

            board.publish(report(replace(FINDING, severity=Severity.LOW)))
            until(lambda: not firing(ask), tmp_path)
            assert ask("targets")["activeTargets"][0]["health"] == "up"
    finally:
        endpoint.stop()


def firing(ask: Callable[[str], Any]) -> list[Any]:
    return [
        alert
        for alert in ask("alerts")["alerts"]
        if alert["labels"]["alertname"] == "AiguardCriticalFinding" and alert["state"] == "firing"
    ]
