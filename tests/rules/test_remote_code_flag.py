"""Rule remote-code-flag."""

from dataclasses import replace

import pytest
from asset_samples import SERVER
from rule_samples import findings, only, run_by

from aiguard_agent.core.finding import Severity
from aiguard_agent.policy.rules.remote_code_flag import RULE


@pytest.mark.parametrize(
    "argv",
    [
        ("vllm", "serve", "m", "--trust-remote-code"),
        ("vllm", "--trust-remote-code", "--port", "1"),
        ("x", "--trust_remote_code=True"),
        ("x", "--trust-remote-code", "true"),
    ],
)
def test_trust_in_remote_code_is_found(argv: tuple[str, ...]) -> None:
    """In every spelling that switches it on."""
    found = only(RULE, run_by(SERVER, argv=argv))

    assert found.severity is Severity.MEDIUM
    assert "runs code that model repositories bring along" in found.title


@pytest.mark.parametrize(
    "argv",
    [
        ("x", "--trust-remote-code=false"),
        ("x", "--trust-remote-code", "False"),
        ("x", "--trust-remote-codes"),
        ("x", "trust-remote-code"),
        ("x", "--yolo"),
    ],
)
def test_switched_off_and_foreign_words_are_silent(argv: tuple[str, ...]) -> None:
    """Off is off, and a switch means something only to the product that has it."""
    assert findings(RULE, run_by(SERVER, argv=argv)) == ()


def test_an_environment_variable_counts() -> None:
    """TGI takes it from the environment."""
    assert "TRUST_REMOTE_CODE=true" in only(RULE, run_by(SERVER, env=(("TRUST_REMOTE_CODE", "true"),))).title
    assert findings(RULE, run_by(SERVER, env=(("TRUST_REMOTE_CODE", "0"),))) == ()


@pytest.mark.parametrize(
    ("product", "argv"),
    [
        ("claude-code", ("claude", "--dangerously-skip-permissions")),
        ("claude-code", ("claude", "--permission-mode", "bypassPermissions")),
        ("codex", ("codex", "--sandbox=danger-full-access")),
        ("gemini-cli", ("gemini", "--yolo")),
        ("copilot", ("copilot", "--allow-all-tools")),
    ],
)
def test_an_agent_that_does_not_ask_is_high_and_critical_as_root(product: str, argv: tuple[str, ...]) -> None:
    """The person is out of the loop; as root nothing is left to hold it."""
    agent = run_by(replace(SERVER, product=product), argv=argv)

    found = only(RULE, agent)

    assert (found.severity, found.atlas, found.owasp) == (Severity.HIGH, ("AML.T0053",), ("LLM06",))
    assert only(RULE, run_by(agent, uid=0)).severity is Severity.CRITICAL


def test_a_careful_agent_is_silent() -> None:
    """The same option with another value."""
    assert (
        findings(RULE, run_by(replace(SERVER, product="claude-code"), argv=("claude", "--permission-mode", "plan")))
        == ()
    )
