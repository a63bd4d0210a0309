"""Rule expired-waiver."""

from datetime import date

from rule_samples import findings, inventory, only

from aiguard_agent.inventory.schema import Waiver
from aiguard_agent.policy.rules.expired_waiver import RULE

WAIVER = Waiver(rule="runs-as-root", subject="ollama@*", reason="soon", by="alice", until=date(2026, 5, 31))


def test_a_waiver_that_ran_out_is_found() -> None:
    """Who, what and since when; the subject does not depend on its position."""
    found = only(RULE, given=inventory(WAIVER))

    assert found.subject == "waiver runs-as-root ollama@*"
    assert found.title == "the waiver of alice for runs-as-root on ollama@* ended on 2026-05-31"


def test_a_waiver_on_its_last_day_holds() -> None:
    """The day it names still counts."""
    assert findings(RULE, given=inventory(WAIVER), today="2026-05-31") == ()
    assert findings(RULE, given=inventory(WAIVER), today="") == ()
    assert findings(RULE) == ()
