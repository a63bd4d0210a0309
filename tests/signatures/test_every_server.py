"""The laws of server signatures, held by every one of them; their cases are the YAML files beside this test."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from aiguard_agent.core.assets import Server
from aiguard_agent.identify.servers import identify_servers
from aiguard_agent.identify.view import View
from aiguard_agent.signatures.load import bundled
from aiguard_agent.signatures.schema import ServerSignature

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from cases import FIRST_PID, answers_of, facts_of  # noqa: E402 - tests import by path, there is no package

EXPECT_KEYS = {"product", "version", "auth", "models", "open_routes", "category", "confidence"}
SIGNATURES = {signature.id: signature for signature in bundled()}


def load_cases(name: str) -> list[dict[str, Any]]:
    path = HERE / "servers" / f"{name}.yaml"
    return yaml.safe_load(path.read_text()) if path.exists() else []


CASES = [(name, case) for name in sorted(SIGNATURES) for case in load_cases(name)]


def subject_of(case: dict[str, Any], signature: ServerSignature) -> Server | None:
    """The server that the case's first process became a part of."""
    facts = facts_of(case)
    view = View(facts, answers_of(case, facts, signature))
    servers = identify_servers(view, tuple(SIGNATURES.values()))
    return next((s for s in servers if FIRST_PID in {s.process.pid, *s.children}), None)


@pytest.mark.parametrize(("name", "case"), CASES, ids=[f"{n}: {c['name']}" for n, c in CASES])
def test_case(name: str, case: dict[str, Any]) -> None:
    """Each case is named, versioned and graded as it says."""
    expect = case["expect"]
    assert set(expect) <= EXPECT_KEYS and "product" in expect

    server = subject_of(case, SIGNATURES[name])

    assert expect["product"] == (server.product if server else None), server.evidence if server else "not named"
    if server is None:
        return
    told = {
        "product": server.product,
        "version": server.version,
        "auth": str(server.auth.state),
        "models": sorted(model.name for model in server.models),
        "open_routes": sorted(server.auth.open_routes),
        "category": server.category,
        "confidence": server.confidence.word,
    }
    wanted = {k: sorted(v) if isinstance(v, list) else v if v is None else str(v) for k, v in expect.items()}
    assert wanted == {key: told[key] for key in wanted}


@pytest.mark.parametrize("name", sorted(SIGNATURES))
def test_has_a_positive_and_a_near_miss(name: str) -> None:
    """No signature ships without proof that it fires, and proof that it keeps silent."""
    products = [case["expect"]["product"] for case in load_cases(name)]

    assert name in products, "no case in which it is named"
    assert any(product != name for product in products), "no near miss"


def test_every_case_file_has_its_signature() -> None:
    """A case file without a signature tests nothing."""
    files = {path.stem for path in (HERE / "servers").glob("*.yaml")}

    assert files - set(SIGNATURES) == set()


def test_references_resolve() -> None:
    """Emulated products name signatures that exist."""
    unknown = {(s.id, name) for s in SIGNATURES.values() for name in s.emulates if name not in SIGNATURES}

    assert unknown == set()
