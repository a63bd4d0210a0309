"""A model file that nobody approved."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import Confidence, Estate, Evidence, ModelFile
from aiguard_agent.core.finding import ApprovalState, Maturity, Severity
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import approve_command, holders, model_title, not_named, state_of


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit every model that the inventory does not name."""
    held = holders(estate)
    for model in estate.models:
        if state_of(known, model.id) is not ApprovalState.SHADOW:
            continue
        in_use = bool(model.held_by or held.get(model.id))
        yield Hit(
            subject=model.id,
            title=f"model {model_title(model)} is {'in use' if in_use else 'on this host'} and nobody approved it",
            severity=_severity(model, in_use),
            evidence=(not_named(known), *_evidence(model)),
            remedy=(approve_command(model.id), _ask(model)),
        )


def _severity(model: ModelFile, in_use: bool) -> Severity:
    if not in_use:
        return Severity.LOW
    return Severity.HIGH if model.runs_code else Severity.MEDIUM


def _ask(model: ModelFile) -> str:
    return f"find out why it is there: the file belongs to {model.user}" if model.user else "find out why it is there"


def _evidence(model: ModelFile) -> Iterator[Evidence]:
    yield Evidence(what=f"file is {model.format}, {model.size:,} bytes", where=model.path, kind="file")
    if model.held_by:
        yield Evidence(what=f"held by pid {', '.join(map(str, model.held_by[:5]))}", where=model.path, kind="file")
    if model.source:
        yield Evidence(what=f"came from {model.source}", where=model.path, kind="file")
    if model.sha256:
        word = "called" if model.digest_claimed else "digest"
        yield Evidence(what=f"{word} sha256:{model.sha256.removeprefix('sha256:')}", where=model.path, kind="file")
    yield from model.evidence[:3]


RULE = Rule(
    id="shadow-model",
    title="A model file that nobody approved",
    description=(
        "A model lies on this host that no entry of the inventory names, by digest, structural fingerprint, name, "
        "source or path. Low while it only lies there, medium when a process holds it, high when its format also "
        "runs code on loading. A model with an approved name and other content is no shadow but model-drift. "
        "Without an inventory this rule stays silent: see no-inventory."
    ),
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    maturity=Maturity.STABLE,
    remedy=("aiguard-agent inventory approve ID", "delete it"),
    atlas=("AML.T0010.003",),
    owasp=("LLM03",),
    check=check,
)
