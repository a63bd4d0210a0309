"""Rule version-outside-range."""

from dataclasses import replace

import pytest
from asset_samples import SERVER
from rule_samples import APPROVED, findings, inventory, only

from aiguard_agent.inventory.schema import ApprovedServer
from aiguard_agent.policy.rules.version_outside_range import RULE


def test_a_version_outside_is_found() -> None:
    """The title says both the version and the range."""
    found = only(RULE, SERVER, given=inventory(ApprovedServer(product="ollama", version=">=0.15")))

    assert found.title == "ollama 0.14.2 (bob, ollama.service) is approved, but its version 0.14.2 is outside >=0.15"


@pytest.mark.parametrize("version", ["0.14.2", "0.14.2rc1", "0.14.2+cu121", ""])
def test_a_version_within_or_unknown_is_silent(version: str) -> None:
    """A release candidate inside the range, a build tag, and a version that could not be read."""
    server = replace(SERVER, version=version)

    assert findings(RULE, server, given=inventory(ApprovedServer(product="ollama", version=">=0.14,<0.15"))) == ()


def test_without_a_range_or_an_inventory_it_is_silent() -> None:
    """Nobody asked for a version."""
    assert findings(RULE, SERVER, given=APPROVED) == ()
    assert findings(RULE, SERVER) == ()
