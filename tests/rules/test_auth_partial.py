"""Rule auth-partial."""

from rule_samples import findings, only, server_at

from aiguard_agent.core.assets import AuthState
from aiguard_agent.core.facts import Scope
from aiguard_agent.core.finding import Severity
from aiguard_agent.policy.rules.auth_partial import RULE


def test_the_open_routes_are_named() -> None:
    """Three routes and a count of the rest."""
    found = only(RULE, server_at(Scope.ANY, AuthState.PARTIAL, "/tokenize", "/metrics", "/version", "/ping"))

    assert found.severity is Severity.MEDIUM
    assert found.title.endswith("asks for a key, but /tokenize, /metrics, /version and 1 more answer without it")


def test_reach_and_number_are_told() -> None:
    """One route answers, nameless ones answer too; nearer is milder."""
    assert only(RULE, server_at(Scope.PRIVATE, AuthState.PARTIAL, "/x")).title.endswith("/x answers without it")
    assert "some routes answer" in only(RULE, server_at(Scope.ANY, AuthState.PARTIAL)).title
    assert only(RULE, server_at(Scope.PRIVATE, AuthState.PARTIAL)).severity is Severity.LOW
    assert only(RULE, server_at(Scope.LOOPBACK, AuthState.PARTIAL)).severity is Severity.INFO


def test_other_grades_are_silent() -> None:
    """Open and closed are not partial."""
    for state in (AuthState.NONE, AuthState.REQUIRED, AuthState.UNKNOWN):
        assert findings(RULE, server_at(Scope.ANY, state, "/x")) == ()
