"""Rule shadow-server."""

from dataclasses import replace

import pytest
from asset_samples import SERVER
from rule_samples import APPROVED, findings, inventory, only, server_at

from aiguard_agent.core.assets import AuthState, Confidence
from aiguard_agent.core.facts import Scope
from aiguard_agent.core.finding import Severity
from aiguard_agent.inventory.schema import ApprovedServer, Inventory
from aiguard_agent.policy.rules.shadow_server import RULE


@pytest.mark.parametrize(
    ("scope", "state", "severity", "words"),
    [
        (Scope.ANY, AuthState.NONE, Severity.CRITICAL, "answers anyone on every interface and nobody approved it"),
        (Scope.PUBLIC, AuthState.SELF_REGISTRATION, Severity.CRITICAL, "answers anyone on a public address"),
        (Scope.ANY, AuthState.REQUIRED, Severity.HIGH, "can be reached by anyone on every interface"),
        (Scope.PRIVATE, AuthState.NONE, Severity.HIGH, "answers anyone on the local network"),
        (Scope.LOOPBACK, AuthState.NONE, Severity.MEDIUM, "answers every account of this host"),
        (None, AuthState.UNKNOWN, Severity.MEDIUM, "runs here and nobody approved it"),
    ],
)
def test_a_stranger_is_graded_by_who_reaches_it(
    scope: Scope | None, state: AuthState, severity: Severity, words: str
) -> None:
    """The title names product, account and audience; the wider the door, the worse."""
    found = only(RULE, server_at(scope, state), given=Inventory())

    assert found.severity is severity
    assert found.title.startswith("ollama 0.14.2 (bob, ollama.service) ")
    assert words in found.title


def test_the_remedies_can_be_typed() -> None:
    """Approve it by its id, bind it as the product is bound, stop the unit that runs it."""
    found = only(RULE, server_at(Scope.ANY, AuthState.NONE), given=Inventory())

    assert found.remedy == (
        "aiguard-agent inventory approve ollama@gpu-07:11434",
        "bind it to loopback: OLLAMA_HOST=127.0.0.1",
        "stop it: systemctl stop ollama.service",
    )


def test_the_confidence_is_the_servers_own() -> None:
    """A weakly recognised server is a weak finding."""
    assert only(RULE, replace(SERVER, confidence=Confidence.LOW), given=Inventory()).confidence is Confidence.LOW


def test_approved_and_drifted_servers_are_no_shadows() -> None:
    """A server that the inventory names is known, even when it is not as approved."""
    assert findings(RULE, SERVER, given=APPROVED) == ()
    assert findings(RULE, SERVER, given=inventory(ApprovedServer(product="ollama", user="x"))) == ()


def test_without_an_inventory_nothing_is_shadow() -> None:
    """What nobody listed cannot be missing from the list."""
    assert findings(RULE, SERVER) == ()
