"""The laws of server signatures, held by every one of them; their cases are the YAML files beside this test."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from aiguard_agent.core.probing import Target
from aiguard_agent.identify.cases import Case, failures, parse_cases
from aiguard_agent.identify.index import Index
from aiguard_agent.identify.questions import request_of
from aiguard_agent.probe.policy import check
from aiguard_agent.signatures.lint import lint
from aiguard_agent.signatures.load import bundled

CASES_DIR = Path(__file__).parent / "servers"
SIGNATURES = {signature.id: signature for signature in bundled()}


def load_cases(name: str) -> tuple[Case, ...]:
    path = CASES_DIR / f"{name}.yaml"
    return parse_cases(yaml.safe_load(path.read_text()), path.name) if path.exists() else ()


INDEX = Index(SIGNATURES.values())
CASES = [(name, case) for name in sorted(SIGNATURES) for case in load_cases(name)]


@pytest.mark.parametrize(("name", "case"), CASES, ids=[f"{name}: {case.name}" for name, case in CASES])
def test_case(name: str, case: Case) -> None:
    """Each case is named, versioned and graded as it says."""
    assert failures(case, SIGNATURES[name], INDEX) == []


@pytest.mark.parametrize("name", sorted(SIGNATURES))
def test_has_a_positive_and_a_near_miss(name: str) -> None:
    """No signature ships without proof that it fires, and proof that it keeps silent."""
    products = [case.expect.product for case in load_cases(name)]

    assert name in products, "no case in which it is named"
    assert any(product != name for product in products), "no near miss"


@pytest.mark.parametrize("name", sorted(SIGNATURES))
def test_lint_is_content(name: str) -> None:
    """The bundled signatures follow our own recommendations."""
    assert lint(SIGNATURES[name], known=SIGNATURES) == []


def test_every_case_file_has_its_signature() -> None:
    """A case file without a signature tests nothing."""
    files = {path.stem for path in CASES_DIR.glob("*.yaml")}

    assert files - set(SIGNATURES) == set()


@pytest.mark.parametrize("name", sorted(SIGNATURES))
def test_the_probe_policy_allows_every_probe(name: str) -> None:
    """A probe that is never sent is a signature that never fires: POSTs are the marked exceptions, all else is safe."""
    target = Target(pid=1, start_ticks=1, netns=1, family="tcp4", address="127.0.0.1", port=80)
    for probe in SIGNATURES[name].probes:
        check(request_of(probe), target, allow_posts=True)
