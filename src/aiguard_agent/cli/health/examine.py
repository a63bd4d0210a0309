"""The whole examination, in the order in which it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiguard_agent.cli.health import kernel, rights, service
from aiguard_agent.cli.health.check import Check, Stand
from aiguard_agent.collect.candidates import named_like_model
from aiguard_agent.collect.host import Host
from aiguard_agent.config.schema import Config
from aiguard_agent.daemon.plan import watch_settings
from aiguard_agent.watch.conditions import look

SCHEMA_VERSION = "1.0"


def examine(host: Host, given: str | None) -> tuple[tuple[Check, ...], Config, dict[str, Any]]:
    """Return every check, the configuration that counted, and what the running agent answered."""
    config, told = service.configuration(given)
    settings = watch_settings(config, named_like_model, ())
    conditions = look(host, settings)
    answer, agent = service.running(config)
    checks = (
        *rights.rights(host, conditions.capabilities, init_namespaces=conditions.init_namespaces),
        *rights.collectors(conditions.capabilities),
        *kernel.kernel(host),
        *kernel.sources(conditions, settings),
        kernel.gpus(host),
        *kernel.runtimes(host),
        told,
        *service.documents(config),
        *service.ledger(host, Path(str(config.ledger.directory))),
        agent,
        service.metrics(config, agent_runs=bool(answer)),
    )
    return checks, config, answer


def document(checks: tuple[Check, ...]) -> dict[str, Any]:
    """Return the checks as JSON output has them."""
    return {
        "schema_version": SCHEMA_VERSION,
        "summary": {stand.value: sum(one.stand is stand for one in checks) for stand in Stand},
        "checks": [
            {"area": one.area, "name": one.name, "state": one.stand.value, "found": one.found, "next": one.step}
            for one in checks
        ],
    }
