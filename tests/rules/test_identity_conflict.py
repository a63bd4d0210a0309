"""Rule identity-conflict."""

from dataclasses import replace

from asset_samples import SERVER
from rule_samples import findings, only

from aiguard_agent.core.assets import Evidence
from aiguard_agent.core.finding import Severity
from aiguard_agent.policy.rules.identity_conflict import RULE

NAME = Evidence(what="HTTP says vllm", where="127.0.0.1:1", kind="http")
VERSION = Evidence(what="package says 1, HTTP says 2", where="127.0.0.1:1", kind="version")


def test_two_names_are_medium_and_two_versions_low() -> None:
    """A name told in two ways may be hiding; a version mostly is a lazy API."""
    name = only(RULE, replace(SERVER, conflicts=(VERSION, NAME)))
    version = only(RULE, replace(SERVER, conflicts=(VERSION,)))

    assert (name.severity, "its answers another" in name.title) == (Severity.MEDIUM, True)
    assert (version.severity, "different versions" in version.title) == (Severity.LOW, True)
    assert name.evidence == (VERSION, NAME)


def test_agreement_is_silent() -> None:
    """No conflict, no finding; known emulation is none."""
    assert findings(RULE, replace(SERVER, emulates=("openai-compatible",))) == ()
