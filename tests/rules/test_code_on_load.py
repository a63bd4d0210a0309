"""Rule code-on-load."""

from dataclasses import replace

from asset_samples import D1, MODEL, SERVER
from rule_samples import findings, inventory, only

from aiguard_agent.core.assets import ModelRef
from aiguard_agent.core.finding import Severity
from aiguard_agent.inventory.schema import ApprovedModel
from aiguard_agent.policy.rules.code_on_load import RULE

PICKLE = replace(MODEL, format="pickle", path="/srv/x.pkl", runs_code=True)


def test_a_file_in_a_store_is_low_and_one_in_use_high() -> None:
    """Held by a pid, or named by a server: then it runs, or will."""
    named = replace(SERVER, models=(ModelRef(name="x", via="argv", model_id="m1"),))

    assert only(RULE, PICKLE).severity is Severity.LOW
    assert only(RULE, replace(PICKLE, held_by=(7,))).severity is Severity.HIGH
    assert only(RULE, PICKLE, named).severity is Severity.HIGH
    assert "and ollama 0.14.2 (bob, ollama.service) has it" in only(RULE, PICKLE, named).title


def test_an_approved_file_in_use_is_medium() -> None:
    """Somebody answers for it, and still it runs code."""
    assert (
        only(RULE, replace(PICKLE, held_by=(7,)), given=inventory(ApprovedModel(sha256=D1))).severity is Severity.MEDIUM
    )


def test_a_child_of_a_server_counts_as_the_server() -> None:
    """Workers hold what their parent serves."""
    parent = replace(SERVER, children=(7,))

    assert "has it" in only(RULE, replace(PICKLE, held_by=(7,)), parent).title


def test_formats_without_code_are_silent() -> None:
    """A gguf that is in use runs nothing."""
    assert findings(RULE, replace(MODEL, held_by=(7,))) == ()
