"""Rule unapproved-model-loaded."""

from dataclasses import replace

import pytest
from asset_samples import D1, D2, MODEL, SERVER
from rule_samples import findings, inventory, only

from aiguard_agent.core.assets import ModelRef
from aiguard_agent.inventory.schema import ApprovedModel, ApprovedServer, Inventory
from aiguard_agent.policy.rules.unapproved_model_loaded import RULE

HAS = replace(
    SERVER,
    models=(
        ModelRef(name="llama3.1:8b", via="mapped", model_id="m1", path=MODEL.path),
        ModelRef(name="qwen3", via="http", digest=f"sha256:{D2}"),
    ),
)
OLLAMA = ApprovedServer(product="ollama")


def test_strangers_in_an_approved_server_are_listed() -> None:
    """One finding for the server, which names them all and how to approve the one with a file."""
    found = only(RULE, HAS, MODEL, given=inventory(OLLAMA))

    assert found.title.endswith("is approved, but has models that are not: llama3.1:8b, qwen3")
    assert found.remedy[0] == "aiguard-agent inventory approve m1"


@pytest.mark.parametrize(
    "entries",
    [
        (OLLAMA, ApprovedModel(sha256=D1), ApprovedModel(name="qwen3")),
        (OLLAMA, ApprovedModel(sha256=D1), ApprovedModel(source="ollama:qwen*")),
        (OLLAMA, ApprovedModel(sha256=D1), ApprovedModel(sha256=D2)),
        (ApprovedServer(product="ollama", models=("*",)),),
        (ApprovedServer(product="ollama", models=("llama3.1:*", "qwen3")),),
    ],
)
def test_approved_models_are_silent(entries: tuple[ApprovedServer | ApprovedModel, ...]) -> None:
    """By the file's own approval, by name, by the digest the server reports, or by the server's list."""
    assert findings(RULE, HAS, MODEL, given=inventory(*entries)) == ()


def test_a_list_of_its_own_excludes_other_approved_models() -> None:
    """Approved for the host is not approved for this server."""
    given = inventory(ApprovedServer(product="ollama", models=("llama*",)), ApprovedModel(name="qwen3"))

    assert only(RULE, HAS, MODEL, given=given).title.endswith("are not: qwen3")


def test_a_swapped_file_is_not_saved_by_its_name_on_the_list() -> None:
    """A drifted model is not the one that the list means."""
    given = inventory(
        ApprovedServer(product="ollama", models=("llama*", "qwen3")), ApprovedModel(name="llama3.1:8b", sha256=D2)
    )

    assert only(RULE, HAS, MODEL, given=given).title.endswith("are not: llama3.1:8b")


def test_a_remote_model_off_the_list_counts() -> None:
    """A list of models is also a list of what may leave the host."""
    cloud = replace(SERVER, remote_models=("gpt-oss:cloud",))

    assert only(RULE, cloud, given=inventory(ApprovedServer(product="ollama", models=("llama*",)))).title.endswith(
        "gpt-oss:cloud"
    )
    assert findings(RULE, cloud, given=inventory(OLLAMA)) == ()


def test_a_shadow_server_is_not_judged_by_its_models() -> None:
    """It is a finding already; and without an inventory there is nothing to say."""
    assert findings(RULE, HAS, MODEL, given=Inventory()) == ()
    assert findings(RULE, HAS, MODEL) == ()
