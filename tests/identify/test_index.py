"""Looking signatures up."""

from __future__ import annotations

from pathlib import Path

import yaml

from aiguard_agent.identify.cases import answers_of, facts_of, parse_cases
from aiguard_agent.identify.evidence import hit_of
from aiguard_agent.identify.index import Index
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
