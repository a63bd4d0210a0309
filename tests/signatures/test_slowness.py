"""Shapes of patterns that a hostile text makes slow."""

from __future__ import annotations

import pytest

from aiguard_agent.signatures.load import parse
from aiguard_agent.signatures.slowness import patterns_of, slow


@pytest.mark.parametrize(
    "pattern",
    [r"(a+)+$", r"(\w+\s*)*x", r"(.*,)*x", r"x(.*)y", r"a.*b|c", r"\S*\S*x", r"\w+.+x", r"([^/]+)*/x", r"(?:\s+)+x"],
)
def test_a_pattern_that_can_cost_a_power_of_the_text_is_told(pattern: str) -> None:
    """Repetitions in repetitions, side by side, or reaching from inside a group are named before they meet anybody."""
    assert slow(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"foo.*bar",
        r"foo.*?bar.*baz",
        r"(-\S+\s+)*x",
        r"\bvllm\s+serve\b",
        r"(?i:foo)/\S+",
        r"[.*]+x",
        r"a\.\*b|c",
        r"^(\d+\.\d+\S*)$",
    ],
)
def test_a_plain_pattern_is_not(pattern: str) -> None:
    """What is searched once, or gives each round a letter of its own, is fine."""
    assert slow(pattern) == ""


def test_every_pattern_of_a_signature_is_looked_at() -> None:
    """Command line, exceptions, versions, auth, headers and JSON tests: all meet a stranger's text."""
    text = """
id: x
name: X
category: llm-server
process: {cmdline: [aaaa], unless: [bbbb]}
probes: [{id: p, get: /, match: {header: {server: cccc}, json: ['k ~ "dddd"', 'k == "no"']}}]
version: [{probe: p, pattern: eeee}, {path: ffff}]
auth:
- {state: required, argv: gggg}
- {state: none, env: E, env_value: hhhh}
- {state: none, probe: p, when: {header: {server: iiii}}}
verified_on: {date: '2026-11-25', how: source}
"""

    assert sorted(patterns_of(parse("x.yaml", text))) == [c * 4 for c in "abcdefghi"]
