"""Small hosts for tests of this room, in the words of signature cases."""

from __future__ import annotations

from typing import Any

from aiguard_agent.identify.cases import Case, answers_of, facts_of, parse_cases
from aiguard_agent.identify.view import View
from aiguard_agent.signatures.load import parse
from aiguard_agent.signatures.schema import ServerSignature

HEAD = "name: X\ncategory: llm-server\nverified_on: {date: '2026-11-25', how: source}\n"


def signature(text: str, name: str = "thing") -> ServerSignature:
    """A signature with the boring keys filled in."""
    return parse(f"{name}.yaml", f"id: {name}\n{HEAD}{text}")


def case_of(processes: list[dict[str, Any]], answers: list[dict[str, Any]] | None = None) -> Case:
    document: dict[str, Any] = {"name": "x", "processes": processes, "expect": {"product": None}}
    if answers is not None:
        document["answers"] = answers
    return parse_cases([document], "test")[0]


def view_of(
    processes: list[dict[str, Any]], answers: list[dict[str, Any]] | None = None, *signatures: ServerSignature
) -> View:
    case = case_of(processes, answers)
    facts = facts_of(case)
    told = {a for s in signatures or (signature("process: {exe: [thing]}"),) for a in answers_of(case, facts, s)}
    return View(facts, sorted(told, key=lambda a: (a.request.path, a.status or 0)))
