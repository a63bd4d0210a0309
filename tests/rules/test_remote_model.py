"""Rule remote-model."""

from dataclasses import replace

from asset_samples import SERVER
from rule_samples import findings, only

from aiguard_agent.core.finding import Severity
from aiguard_agent.policy.rules.remote_model import RULE


def test_a_cloud_model_is_named() -> None:
    """Info: it is no fault, but it leaves the host."""
    found = only(RULE, replace(SERVER, remote_models=("a:cloud", "b:cloud", "c:cloud", "d:cloud", "a:cloud")))

    assert found.severity is Severity.INFO
    assert found.title.endswith("passes prompts for a:cloud, b:cloud, c:cloud and 1 more on to a cloud")
    assert len(found.evidence) == 4


def test_local_models_are_silent() -> None:
    """A server that answers by itself."""
    assert findings(RULE, SERVER) == ()
