"""Rule no-inventory."""

from dataclasses import replace

from asset_samples import MODEL, SERVER
from rule_samples import findings, only

from aiguard_agent.core.finding import Severity
from aiguard_agent.inventory.schema import Inventory
from aiguard_agent.policy.rules.no_inventory import RULE


def test_one_finding_stands_for_all_that_cannot_be_told() -> None:
    """However many assets there are, it is one line and it says what to type."""
    found = only(RULE, SERVER, MODEL, replace(MODEL, id="m2"))

    assert found.severity is Severity.INFO
    assert "there is no inventory" in found.title
    assert any("aiguard-agent inventory init" in line for line in found.remedy)


def test_nothing_to_compare_is_silent() -> None:
    """A host without AI misses no inventory."""
    assert findings(RULE) == ()


def test_an_empty_inventory_is_an_inventory() -> None:
    """Somebody said that nothing is approved."""
    assert findings(RULE, SERVER, given=Inventory()) == ()
