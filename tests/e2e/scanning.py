"""Run the agent as a user would and read what it prints."""

import json
import os
import subprocess
import sys
from collections.abc import Collection
from typing import Any

SECONDS = 120


def scan(*options: str) -> dict[str, Any]:
    """Scan this host and return the printed document."""
    command = [sys.executable, "-m", "aiguard_agent", "scan", "--format", "json", *options]
    env = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, env=env, check=False)
    try:
        document = json.loads(done.stdout)
    except ValueError as error:
        raise AssertionError(
            f"exit {done.returncode}, no JSON: {done.stderr.decode(errors='replace')[-3000:]}"
        ) from error
    assert isinstance(document, dict)
    return document


def servers_of(document: dict[str, Any], pids: Collection[int]) -> list[dict[str, Any]]:
    """Pick the servers that run in these processes; others on this machine are not ours."""
    return [server for server in document["servers"] if server["pid"] in pids]


def shown(servers: list[dict[str, Any]]) -> str:
    """Print servers with their evidence, for the message of a failed test."""
    return json.dumps(servers, indent=1)[:6000]
