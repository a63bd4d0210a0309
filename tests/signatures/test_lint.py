"""Recommendations for signature authors."""

from __future__ import annotations

import pytest

from aiguard_agent.signatures.lint import lint
from aiguard_agent.signatures.load import parse

GOOD = """
id: thing
name: Thing
category: llm-server
verified_on: {date: '2026-11-25', how: source}
process: {exe: [thingd]}
probes:
  - {id: version, get: /version, match: {status: 200, json: ['thing_version']}}
version: [{package: thing}, {probe: version, json: thing_version}]
"""


def test_a_good_signature_gets_none() -> None:
    """Nothing to say is an empty list."""
    assert lint(parse("thing.yaml", GOOD)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((", json: ['thing_version']", ""), "bare status"),
        (("['thing_version']", "['status']"), "others answer so too"),
        (("{exe: [thingd]}", "{cmdline: ['\\bai\\b']}"), "four letters"),
        (("{exe: [thingd]}", "{cmdline: ['.*thingd serve']}"), "leading"),
        (("{exe: [thingd]}", "{exe: [a], exe_weak: [A]}"), "not both"),
        (("{exe: [thingd]}", "{cmdline: ['(\\w+\\s*)*thingd']}"), "cost for ever"),
        (("[{package: thing}, {probe", "[{probe"), None),
        (
            ("[{package: thing}, {probe: version, json: thing_version}]", "[{probe: version}, {package: thing}]"),
            "before HTTP",
        ),
        (("date: '2026-11-25'", "date: yesterday"), "ISO date"),
        (("how: source}", "how: memory}\nmaturity: stable"), "stable needs"),
        (("name: Thing", "name: Thing\nemulates: [nope]"), "no signature 'nope'"),
    ],
)
def test_each_recommendation(change: tuple[str, str], words: str | None) -> None:
    """A weakness is met with a sentence that says what to do."""
    told = lint(parse("thing.yaml", GOOD.replace(*change)), known={"thing"})

    assert (told == []) if words is None else any(words in line for line in told), told
