"""Rule blind-spot."""

from dataclasses import replace

import pytest
from asset_samples import SERVER, estate
from rule_samples import findings

from aiguard_agent.core.facts import Blind, BlindKind
from aiguard_agent.core.finding import Severity
from aiguard_agent.policy.rules.blind_spot import RULE


def blind(subject: str, kind: BlindKind = BlindKind.DENIED, collector: str = "processes", count: int = 1) -> Blind:
    return Blind(collector=collector, subject=subject, reason="no", kind=kind, count=count)


def test_one_finding_for_each_collector_and_kind() -> None:
    """A thousand unreadable processes are one line that counts them."""
    host = replace(
        estate(),
        blind=(
            *(blind(f"pid {n}") for n in range(998)),
            blind("users", count=2),
            blind("x", BlindKind.TIMEOUT),
            blind("y", collector="files"),
        ),
    )

    found = findings(RULE, host=host)

    assert sorted(one.subject for one in found) == ["files: denied", "processes: denied", "processes: timeout"]
    assert "processes could not look at 1000 things: access was denied" in {one.title for one in found}
    counted = next(one for one in found if one.subject == "processes: denied")
    assert len(counted.evidence) == 11
    assert counted.evidence[0].what == "no (2 of them)"
    assert counted.evidence[-1].what == "and 989 more"


@pytest.mark.parametrize("kind", list(BlindKind))
def test_every_kind_has_its_words(kind: BlindKind) -> None:
    """No kind of blindness is without a severity and a sentence; contradiction is the worst."""
    (found,) = findings(RULE, host=replace(estate(), blind=(blind("x", kind),)))

    assert found.title.startswith("processes could not look at 1 thing: ")
    assert (found.severity is Severity.MEDIUM) is (kind is BlindKind.DISAGREEMENT)
    assert found.remedy


def test_root_is_not_told_to_be_root() -> None:
    """Who lacks rights is told to get them; whom even root did not help is told something else."""
    host = replace(estate(), blind=(blind("x"),))

    (root,) = findings(RULE, host=host)
    (other,) = findings(RULE, host=replace(host, rootless=True))

    assert other.remedy == ("run the scan as root",)
    assert "even to root" in root.remedy[0]


def test_unasked_questions_name_their_budget() -> None:
    """The remedy is a flag to type."""
    (found,) = findings(RULE, host=replace(estate(), blind=(blind("pid 1", BlindKind.BUDGET, "probe"),)))

    assert "--probe-seconds" in found.remedy[0]


def test_the_order_of_the_facts_does_not_matter() -> None:
    """The same losses give the same finding."""
    spots = (blind("b"), blind("a"), blind("c"))

    assert findings(RULE, host=replace(estate(), blind=spots)) == findings(
        RULE, host=replace(estate(), blind=spots[::-1])
    )


def test_a_scan_that_saw_everything_is_silent() -> None:
    """No blind spot, no finding."""
    assert findings(RULE, SERVER) == ()
