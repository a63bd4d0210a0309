"""Rule inventory-not-seen."""

from dataclasses import replace

from asset_samples import D1, MODEL, SERVER, estate
from rule_samples import findings, inventory

from aiguard_agent.core.assets import Confidence
from aiguard_agent.core.facts import Blind
from aiguard_agent.core.finding import Severity
from aiguard_agent.inventory.schema import ApprovedModel, ApprovedServer
from aiguard_agent.policy.rules.inventory_not_seen import RULE


def test_an_entry_without_an_asset_is_found() -> None:
    """Models and servers that nothing here answers to."""
    given = inventory(ApprovedModel(name="gone"), ApprovedServer(product="vllm"), ApprovedServer(product="ollama"))

    found = findings(RULE, SERVER, given=given)

    assert [one.title for one in found] == [
        "approved model gone was not seen on this host",
        "approved server vllm was not seen on this host",
    ]
    assert {one.severity for one in found} == {Severity.INFO}


def test_blind_spots_make_it_less_sure() -> None:
    """What was not seen may be where nobody could look."""
    host = replace(estate(), blind=(Blind(collector="files", subject="/x", reason="no"),))

    (found,) = findings(RULE, given=inventory(ApprovedModel(name="gone")), host=host)

    assert found.confidence is Confidence.LOW
    assert found.title.endswith("though 1 things could not be looked at")


def test_seen_drifted_and_foreign_entries_are_silent() -> None:
    """A drifted server is here; a server of other hosts is not expected; no inventory, no entries."""
    given = inventory(
        ApprovedServer(product="ollama", user="x"),
        ApprovedServer(product="vllm", host="web-*"),
        ApprovedModel(sha256=D1),
    )

    assert findings(RULE, SERVER, MODEL, given=given) == ()
    assert findings(RULE, SERVER) == ()
