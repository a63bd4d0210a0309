"""Rule self-registration-open."""

from dataclasses import replace

import pytest
from asset_samples import SERVER
from rule_samples import findings, only, server_at

from aiguard_agent.core.assets import AuthState
from aiguard_agent.core.facts import Scope
from aiguard_agent.core.finding import Severity
from aiguard_agent.policy.rules.self_registration_open import RULE


@pytest.mark.parametrize(
    ("scope", "severity"),
    [
        (Scope.ANY, Severity.HIGH),
        (Scope.PUBLIC, Severity.HIGH),
        (Scope.PRIVATE, Severity.MEDIUM),
        (Scope.LOOPBACK, Severity.LOW),
    ],
)
def test_open_registration_is_graded_by_reach(scope: Scope, severity: Severity) -> None:
    """A login that anybody may make for himself is none for whoever reaches it."""
    webui = replace(SERVER, product="open-webui")

    found = only(RULE, server_at(scope, AuthState.SELF_REGISTRATION, server=webui))

    assert found.severity is severity
    assert "make an account" in found.title
    assert found.remedy[0] == "close registration: ENABLE_SIGNUP=False"


def test_other_grades_are_silent() -> None:
    """An open server and a closed one are other rules' business."""
    for state in (AuthState.NONE, AuthState.REQUIRED, AuthState.PARTIAL, AuthState.UNKNOWN):
        assert findings(RULE, server_at(Scope.ANY, state)) == ()
