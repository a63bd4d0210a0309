"""Rule runs-as-root."""

from dataclasses import replace

import pytest
from asset_samples import SERVER, estate
from rule_samples import findings, only, run_by, server_at

from aiguard_agent.core.assets import AuthState, Server
from aiguard_agent.core.facts import Container, Scope
from aiguard_agent.core.finding import Severity
from aiguard_agent.policy.rules.runs_as_root import RULE

ROOT = run_by(SERVER, uid=0, user="root")
BOX = Container(id="4f1c2a", runtime="docker", name="llm")


@pytest.mark.parametrize(
    ("server", "severity"),
    [
        (ROOT, Severity.MEDIUM),
        (run_by(server_at(Scope.ANY, AuthState.NONE), uid=0), Severity.HIGH),
        (run_by(server_at(Scope.ANY, AuthState.REQUIRED), uid=0), Severity.MEDIUM),
        (run_by(server_at(Scope.PRIVATE, AuthState.REQUIRED), uid=0), Severity.MEDIUM),
        (run_by(server_at(Scope.LOOPBACK, AuthState.REQUIRED), uid=0), Severity.LOW),
        (run_by(server_at(Scope.LOOPBACK, AuthState.UNKNOWN), uid=0), Severity.MEDIUM),
        (run_by(server_at(None), uid=0), Severity.LOW),
        (replace(ROOT, container=BOX), Severity.LOW),
        (run_by(ROOT, container="4f1c2a"), Severity.LOW),
        (replace(ROOT, category="coding-agent-assistant", listeners=()), Severity.MEDIUM),
    ],
)
def test_root_is_graded_by_door_and_fence(server: Server, severity: Severity) -> None:
    """An open door makes it worse, a container milder."""
    assert only(RULE, server).severity is severity


def test_the_remedy_fits_the_way_it_was_started() -> None:
    """A unit, a container, an agent, a process by hand."""
    assert "systemctl edit ollama.service" in only(RULE, ROOT).remedy[0]
    assert "--user" in only(RULE, replace(ROOT, container=BOX)).remedy[0]
    assert "ordinary account" in only(RULE, replace(ROOT, category="coding-agent-assistant")).remedy[0]
    assert "account of its own" in only(RULE, run_by(ROOT, unit="")).remedy[0]


def test_other_accounts_are_silent() -> None:
    """Only uid 0 is root, whatever the name says."""
    assert findings(RULE, SERVER) == ()
    assert findings(RULE, run_by(SERVER, user="root")) == ()


def test_a_socket_that_was_not_seen_is_not_no_socket() -> None:
    """Without root the owners of sockets are hidden: a server without one is not harmless."""
    host = replace(estate(run_by(server_at(None), uid=0)), rootless=True)

    (found,) = findings(RULE, host=host)

    assert found.severity is Severity.MEDIUM
