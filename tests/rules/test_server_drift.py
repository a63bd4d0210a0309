"""Rule server-drift."""

from datetime import date

import pytest
from asset_samples import SERVER
from rule_samples import findings, inventory, only, server_at

from aiguard_agent.core.facts import Scope
from aiguard_agent.core.finding import Severity
from aiguard_agent.inventory.schema import ApprovedServer, Bind
from aiguard_agent.policy.rules.server_drift import RULE


@pytest.mark.parametrize(
    ("entry", "severity", "words"),
    [
        (ApprovedServer(product="ollama", user="ollama"), Severity.MEDIUM, "user bob is not ollama"),
        (ApprovedServer(product="ollama", ports=(1,)), Severity.MEDIUM, "port 11434 is not among 1"),
        (ApprovedServer(product="ollama", auth="required"), Severity.HIGH, "auth none is weaker than required"),
        (ApprovedServer(product="ollama", expires=date(2026, 5, 31)), Severity.MEDIUM, "approval ended on 2026-05-31"),
    ],
)
def test_what_changed_is_said(entry: ApprovedServer, severity: Severity, words: str) -> None:
    """Account, port, authentication and date, each in words."""
    found = only(RULE, SERVER, given=inventory(entry))

    assert (found.severity, found.title) == (
        severity,
        f"ollama 0.14.2 (bob, ollama.service) is not as it was approved: {words}",
    )


def test_other_deviations_have_rules_of_their_own() -> None:
    """Version and bind are not told twice; as approved, nothing is told."""
    assert (
        findings(
            RULE,
            server_at(Scope.ANY),
            given=inventory(ApprovedServer(product="ollama", bind=Bind.LOOPBACK, version="<0.1")),
        )
        == ()
    )
    assert findings(RULE, SERVER, given=inventory(ApprovedServer(product="ollama", user="bob", auth="none"))) == ()
    assert findings(RULE, SERVER) == ()
