"""Rule bind-wider-than-approved."""

from dataclasses import replace

import pytest
from asset_samples import SERVER
from rule_samples import APPROVED, findings, inventory, only, server_at

from aiguard_agent.core.assets import AuthState, Server
from aiguard_agent.core.facts import Scope
from aiguard_agent.core.finding import Severity
from aiguard_agent.inventory.schema import ApprovedServer, Bind
from aiguard_agent.policy.rules.bind_wider_than_approved import RULE

LOCAL = inventory(ApprovedServer(product="ollama", bind=Bind.LOOPBACK))


@pytest.mark.parametrize(
    ("server", "severity"),
    [
        (server_at(Scope.ANY, AuthState.NONE), Severity.CRITICAL),
        (server_at(Scope.PUBLIC), Severity.CRITICAL),
        (server_at(Scope.ANY, AuthState.REQUIRED), Severity.HIGH),
        (server_at(Scope.PRIVATE, AuthState.NONE), Severity.MEDIUM),
    ],
)
def test_a_wider_bind_is_graded_by_who_gets_in(server: Server, severity: Severity) -> None:
    """Reach and authentication together say how bad it is."""
    found = only(RULE, server, given=LOCAL)

    assert found.severity is severity
    assert "is wider than loopback" in found.title
    assert found.remedy[0] == "bind it to loopback: OLLAMA_HOST=127.0.0.1"


def test_within_its_bind_it_is_silent() -> None:
    """Loopback, a socket, a namespace of its own, and an entry that asks for nothing."""
    for server in (SERVER, server_at(Scope.UNIX), replace(server_at(Scope.ANY), isolated=True)):
        assert findings(RULE, server, given=LOCAL) == ()
    assert findings(RULE, server_at(Scope.ANY), given=APPROVED) == ()
    assert findings(RULE, server_at(Scope.ANY)) == ()
