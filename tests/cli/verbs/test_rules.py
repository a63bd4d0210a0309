"""`rules`: list and show."""

from __future__ import annotations

import json
from typing import Any

from aiguard_agent.agent import all_rules


def test_list(run: Any) -> None:
    """Every rule, for people and for machines, by the same ids."""
    documents = json.loads(run("rules", "list", "--format", "json").out)
    lines = run("rules", "list").out.splitlines()

    assert [d["id"] for d in documents] == [line.split()[0] for line in lines] == [rule.id for rule in all_rules()]


def test_show(run: Any) -> None:
    """One rule with its description, severity and remedy."""
    found = run("rules", "show", "shadow-server").out

    assert "severity" in found
    assert "do  " in found
