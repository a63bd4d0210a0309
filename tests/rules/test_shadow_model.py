"""Rule shadow-model."""

from dataclasses import replace

from asset_samples import D1, D2, MODEL, SERVER
from rule_samples import findings, inventory, only

from aiguard_agent.core.assets import ModelRef
from aiguard_agent.core.finding import Severity
from aiguard_agent.inventory.schema import ApprovedModel, Inventory
from aiguard_agent.policy.rules.shadow_model import RULE


def test_a_model_that_nobody_approved_is_found() -> None:
    """Named with its file, low while it only lies there."""
    found = only(RULE, MODEL, given=Inventory())

    assert found.severity is Severity.LOW
    assert found.title == "model llama3.1:8b (gguf, /models/llama.gguf) is on this host and nobody approved it"
    assert found.remedy[0] == "aiguard-agent inventory approve m1"


def test_a_model_in_use_is_worse_and_one_with_code_the_worst() -> None:
    """Held by a process or named by a server: medium; when loading it can run code: high."""
    held = replace(MODEL, held_by=(99,))
    named = replace(SERVER, models=(ModelRef(name="x", via="http", model_id="m1"),))

    assert only(RULE, held, given=Inventory()).severity is Severity.MEDIUM
    assert only(RULE, MODEL, named, given=Inventory()).severity is Severity.MEDIUM
    assert only(RULE, replace(held, runs_code=True), given=Inventory()).severity is Severity.HIGH
    assert only(RULE, replace(MODEL, runs_code=True), given=Inventory()).severity is Severity.LOW


def test_named_models_are_silent() -> None:
    """An approved digest, and an approved name with another digest, are other rules' business."""
    assert findings(RULE, MODEL, given=inventory(ApprovedModel(sha256=D1))) == ()
    assert findings(RULE, MODEL, given=inventory(ApprovedModel(name="llama3.1:8b", sha256=D2))) == ()


def test_without_an_inventory_nothing_is_shadow() -> None:
    """No list, no stranger."""
    assert findings(RULE, MODEL) == ()


def test_the_evidence_holds_what_is_known() -> None:
    """Size, source and digest where there are any, and nothing made up where there are none."""
    bare = replace(MODEL, source="", sha256="")

    assert [one.what for one in only(RULE, bare, given=Inventory()).evidence] == [
        "no entry of the inventory names it",
        "file is gguf, 1,000 bytes",
    ]
    assert [one.what for one in only(RULE, MODEL, given=Inventory()).evidence] == [
        "no entry of the inventory names it",
        "file is gguf, 1,000 bytes",
        "came from hf:meta-llama/Llama-3.1-8B@0e9e39f",
        f"digest sha256:{D1}",
    ]
