"""A model that every account of the host may change."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname
from shlex import quote

from aiguard_agent.core.assets import Confidence, Estate, Evidence, ModelFile
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import holders, model_title


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit every model whose file, or the directory it lies in, is writable for all."""
    del known
    held = holders(estate)
    for model in estate.models:
        if not (model.world_writable or model.directory_world_writable):
            continue
        target = model.path if model.world_writable else dirname(model.path)
        what = "file" if model.world_writable else "directory"
        verb = "changed" if model.world_writable else "replaced"
        in_use = bool(model.held_by or held.get(model.id))
        yield Hit(
            subject=model.id,
            title=f"model {model_title(model)} can be {verb} by every account: its {what} is writable for all",
            severity=Severity.HIGH if in_use else Severity.MEDIUM,
            evidence=tuple(_evidence(model)),
            remedy=(f"chmod o-w {quote(target)}",),
        )


def _evidence(model: ModelFile) -> Iterator[Evidence]:
    if model.world_writable:
        yield Evidence(what="mode has the write bit for others", where=model.path, kind="file")
    if model.directory_world_writable:
        yield Evidence(what="directory has the write bit for others", where=dirname(model.path), kind="file")


RULE = Rule(
    id="world-writable-model",
    title="A model that everybody may change",
    description=(
        "The model's file, or the directory it lies in, is writable for all accounts: any of them can swap the model "
        "under the server. High when it is in use, else medium. Access lists and group rights are not looked at."
    ),
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    maturity=Maturity.STABLE,
    remedy=("chmod o-w PATH",),
    atlas=("AML.T0018",),
    owasp=("LLM04",),
    check=check,
)
