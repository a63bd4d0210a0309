"""Rule exposed-no-auth."""

from dataclasses import replace

import pytest
from asset_samples import SERVER
from rule_samples import findings, only, run_by, server_at

from aiguard_agent.core.assets import AuthState, Confidence
from aiguard_agent.core.facts import Scope
from aiguard_agent.core.finding import Severity
from aiguard_agent.policy.rules.exposed_no_auth import RULE


@pytest.mark.parametrize(
    ("scope", "severity", "words"),
    [
        (Scope.ANY, Severity.CRITICAL, "at 0.0.0.0:11434 answers anyone on every interface without credentials"),
        (Scope.PUBLIC, Severity.CRITICAL, "at 8.8.8.8:11434 answers anyone on a public address without credentials"),
        (Scope.PRIVATE, Severity.HIGH, "at 10.0.0.5:11434 answers anyone on the local network without credentials"),
        (Scope.LOOPBACK, Severity.LOW, "at 127.0.0.1:11434 answers every account of this host without credentials"),
        (Scope.UNIX, Severity.INFO, "answers whoever may open its socket without credentials"),
    ],
)
def test_an_open_server_is_graded_by_its_reach(scope: Scope, severity: Severity, words: str) -> None:
    """The same open door is critical to the world and low to the host."""
    found = only(RULE, server_at(scope, AuthState.NONE))

    assert found.severity is severity
    assert found.title.endswith(words)


def test_a_namespace_without_interfaces_counts_as_loopback() -> None:
    """A wildcard bind inside `--network none` reaches nobody."""
    assert only(RULE, replace(server_at(Scope.ANY, AuthState.NONE), isolated=True)).severity is Severity.LOW


def test_an_unknown_grade_on_the_network_is_said_with_low_confidence() -> None:
    """Not knowing is medium, and only where it matters."""
    found = only(RULE, server_at(Scope.ANY))

    assert (found.severity, found.confidence) == (Severity.MEDIUM, Confidence.LOW)
    assert "could not be told" in found.title
    assert findings(RULE, server_at(Scope.LOOPBACK)) == ()


def test_guarded_and_silent_servers_are_no_finding() -> None:
    """A key, a partial key, a login, and a server that does not listen."""
    for state in (AuthState.REQUIRED, AuthState.PARTIAL, AuthState.SELF_REGISTRATION):
        assert findings(RULE, server_at(Scope.ANY, state)) == ()
    assert findings(RULE, server_at(None, AuthState.NONE)) == ()


def test_the_remedies_know_the_product() -> None:
    """Ollama has no keys, and the remedy does not pretend so; a stranger gets general advice."""
    known = only(RULE, server_at(Scope.ANY, AuthState.NONE))
    stranger = only(RULE, server_at(Scope.ANY, AuthState.NONE, server=replace(SERVER, product="x")))

    assert "OLLAMA_HOST=127.0.0.1" in known.remedy[0]
    assert "ollama cannot ask itself" in known.remedy[1]
    assert stranger.remedy[0] == "bind it to 127.0.0.1, or let a firewall close its port"


def test_who_is_on_loopback_is_not_told_to_bind_there() -> None:
    """A remedy that has been followed already is no remedy."""
    found = only(RULE, server_at(Scope.LOOPBACK, AuthState.NONE))

    assert not any("bind" in line for line in found.remedy)


def test_the_evidence_names_the_request() -> None:
    """What was asked and answered, and who owns the port."""
    words = [one.what for one in only(RULE, server_at(Scope.ANY, AuthState.NONE)).evidence]

    assert words == ["pid 4121 owns 0.0.0.0:11434 (any)", "GET /api/tags 200 without a key"]


@pytest.mark.parametrize(
    ("uid", "isolated", "severity", "words"),
    [
        (0, False, Severity.HIGH, "and runs their code as root"),
        (1001, False, Severity.MEDIUM, "and runs their code"),
        (0, True, Severity.LOW, "and runs their code as root"),
    ],
)
def test_who_runs_code_lends_its_account(uid: int, isolated: bool, severity: Severity, words: str) -> None:
    """An open notebook on loopback makes every account its own; in a namespace of its own nobody gets there."""
    notebook = replace(server_at(Scope.LOOPBACK, AuthState.NONE), product="jupyter", isolated=isolated)
    found = only(RULE, run_by(notebook, uid=uid))

    assert found.severity is severity
    assert found.title.endswith(words)
    assert "code" not in only(RULE, server_at(Scope.LOOPBACK, AuthState.NONE)).title


def test_a_code_runner_on_the_network_is_as_bad_as_any() -> None:
    """Nothing is worse than critical."""
    notebook = replace(server_at(Scope.ANY, AuthState.NONE), product="jupyter")

    assert only(RULE, notebook).severity is Severity.CRITICAL
