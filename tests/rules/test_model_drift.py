"""Rule model-drift."""

from dataclasses import replace
from datetime import date

from asset_samples import D1, D2, F1, F2, MODEL
from rule_samples import findings, inventory, only

from aiguard_agent.core.finding import Severity
from aiguard_agent.inventory.schema import ApprovedModel, Inventory
from aiguard_agent.policy.rules.model_drift import RULE

PINNED = inventory(ApprovedModel(name="llama3.1:8b", sha256=D2))


def test_an_approved_name_with_another_digest_is_found() -> None:
    """High on disk, critical while a process holds it; both digests are in the title and the clause in the evidence."""
    found = only(RULE, MODEL, given=PINNED)

    assert found.severity is Severity.HIGH
    assert f"digest sha256:{D1} is not the approved one (sha256:{D2})" in found.title
    assert found.evidence[0].what == "approved as models[0] by name"
    assert only(RULE, replace(MODEL, held_by=(1,)), given=PINNED).severity is Severity.CRITICAL


def test_another_fingerprint_is_a_swap_too() -> None:
    """Other tensors under an approved name."""
    found = only(RULE, replace(MODEL, sha256=""), given=inventory(ApprovedModel(name="llama3.1:8b", fingerprint=F2)))

    assert (found.severity, f"fingerprint {F1}" in found.title) == (Severity.HIGH, True)


def test_milder_drifts_are_low() -> None:
    """An ended approval is no swap."""
    found = only(RULE, MODEL, given=inventory(ApprovedModel(sha256=D1, expires=date(2020, 1, 1))))

    assert found.severity is Severity.LOW


def test_a_digest_that_was_not_compared_is_info() -> None:
    """Approved by name alone is said, not hidden."""
    found = only(RULE, replace(MODEL, sha256=""), given=PINNED)

    assert (found.severity, "digest was not computed" in found.title) == (Severity.INFO, True)


def test_the_approved_file_and_strangers_are_silent() -> None:
    """A model as approved, one that nobody named, and a scan without an inventory."""
    assert findings(RULE, MODEL, given=inventory(ApprovedModel(name="llama3.1:8b", sha256=D1))) == ()
    assert findings(RULE, MODEL, given=Inventory()) == ()
    assert findings(RULE, MODEL) == ()
