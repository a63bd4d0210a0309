"""Looking signatures up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.identify.cases import answers_of, facts_of, parse_cases
from aiguard_agent.identify.evidence import hit_of
from aiguard_agent.identify.index import SHORT_LINE, Index, Lines, longest_literal
from aiguard_agent.identify.view import View
from aiguard_agent.signatures.load import bundled

CASES = Path(__file__).parent.parent / "signatures" / "servers"


def test_nothing_that_hits_is_left_out() -> None:
    """On the processes of every signature case, the index offers all signatures that hit."""
    signatures = {s.id: s for s in bundled()}
    index = Index(signatures.values())
    looked = 0
    for name, signature in signatures.items():
        path = CASES / f"{name}.yaml"
        for case in parse_cases(yaml.safe_load(path.read_text()), name) if path.exists() else ():
            facts = facts_of(case)
            view = View(facts, answers_of(case, facts, signature))
            for process in facts.processes:
                hits = {s.id for s in signatures.values() if hit_of(view, process, s)}
                offered = {s.id for s in index.candidates(view, process)}
                assert hits <= offered, (case.name, process.argv)
                looked += 1

    assert looked > 100


@given(st.data())
def test_letters_lose_no_line(data: st.DataObject) -> None:
    """Whatever the length of a line, the patterns found are those that re.search finds."""
    patterns = [(pattern, n) for n, s in enumerate(bundled()) for pattern in s.process.cmdline]
    pattern, _number = data.draw(st.sampled_from(patterns))
    line = data.draw(st.from_regex(pattern)) + data.draw(st.sampled_from(["", "x" * SHORT_LINE]))

    assert Lines(patterns).matching(line) == {n for p, n in patterns if re.search(p, line)}


@pytest.mark.parametrize(
    ("glob", "literal"),
    [("*/node_modules/n8n/*", "/node_modules/n8n/"), ("*", ""), ("/opt/nim/??/[a-z]x", "/opt/nim/"), ("abc", "abc")],
)
def test_the_literal_of_a_glob(glob: str, literal: str) -> None:
    """Only text outside wildcards and classes is certain."""
    assert longest_literal(glob) == literal
