"""A model that is approved by name, but is not the one that was approved."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import Confidence, Estate, Evidence
from aiguard_agent.core.finding import Approval, ApprovalState, Maturity, Severity
from aiguard_agent.inventory.match import about
from aiguard_agent.inventory.models import NOT_COMPARED
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import approve_command, model_title


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit every model with an approved name and something else about it; and those that could not be compared."""
    for model in estate.models:
        approval = known.approvals.get(model.id)
        if known.inventory is None or approval is None:
            continue
        clause = Evidence(what=f"approved as {approval.clause}", where=known.inventory_path, kind="inventory")
        if approval.state is ApprovalState.DRIFTED:
            said = (Evidence(what=words, where=model.path, kind="file") for words in approval.deviations)
            yield Hit(
                subject=model.id,
                title=f"model {model_title(model)} is not the one that was approved: {approval.deviations[0]}",
                severity=_severity(approval, held=bool(model.held_by)),
                evidence=(clause, *said),
                remedy=_remedy(approval, model.id),
            )
        elif NOT_COMPARED in approval.clause:
            yield Hit(
                subject=model.id,
                title=f"model {model_title(model)} is approved by name only: its digest was not computed",
                severity=Severity.INFO,
                evidence=(clause,),
                remedy=("aiguard-agent scan --hash computes it, so that the approved digest is compared",),
            )


def _severity(approval: Approval, *, held: bool) -> Severity:
    if not about(approval, "digest", "fingerprint"):
        return Severity.LOW
    return Severity.CRITICAL if held else Severity.HIGH


def _remedy(approval: Approval, asset: str) -> tuple[str, ...]:
    if not about(approval, "digest", "fingerprint"):
        return (f"look at the entry again: {approval.clause}", approve_command(asset))
    return ("find out who changed the file, and fetch it again from its source", approve_command(asset))


RULE = Rule(
    id="model-drift",
    title="An approved name with another content",
    description=(
        "The inventory names this model, but its digest or structural fingerprint is not the approved one: it was "
        "updated, or swapped. Critical while a process holds it. Another format or licence, or an approval that has "
        "ended, is low. When the entry gives a digest and the model's own was not computed, an info finding says that "
        "only the name was compared. A fine-tune has the fingerprint of its base: only the digest tells them apart."
    ),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    maturity=Maturity.STABLE,
    remedy=("fetch the file again from its source", "aiguard-agent inventory approve ID"),
    atlas=("AML.T0018", "AML.T0074"),
    owasp=("LLM04",),
    check=check,
)
