"""Rule unknown-model-server."""

from dataclasses import replace

from asset_samples import SERVER
from rule_samples import findings, only, server_at

from aiguard_agent.core.assets import Confidence
from aiguard_agent.core.facts import Scope
from aiguard_agent.core.finding import Severity
from aiguard_agent.policy.rules.unknown_model_server import RULE

UNKNOWN = replace(SERVER, product="unknown-model-server", confidence=Confidence.LOW)


def test_a_server_without_a_name_is_found() -> None:
    """With its address, and as sure as the heuristic is; worse when strangers reach it."""
    found = only(RULE, UNKNOWN)

    assert (found.severity, found.confidence) == (Severity.MEDIUM, Confidence.LOW)
    assert found.title.startswith("an unknown model server (bob, ollama.service) listens at 127.0.0.1:11434")
    assert only(RULE, server_at(Scope.ANY, server=UNKNOWN)).severity is Severity.HIGH


def test_a_named_server_is_silent() -> None:
    """What a signature knows is not unknown."""
    assert findings(RULE, SERVER) == ()
