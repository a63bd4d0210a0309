"""A model in a directory for temporary files or downloads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aiguard_agent.core.assets import Confidence, Estate, Evidence, ModelFile
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import holders, model_title

_TEMPORARY = r"(?:tmp|var/tmp|dev/shm)/"
_ROOTS = re.compile(rf"/(?:.*/(?:merged|diff|rootfs|fs)/)?{_TEMPORARY}", re.DOTALL)
"""Of the host itself, or of a container whose files the host keeps below an overlay directory."""
_DOWNLOADS = re.compile(r"/(?:home/[^/]+|root)/(?:.*/)?(?:Downloads|downloads)/", re.DOTALL)


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit every model that lies where nobody keeps things."""
    del known
    held = holders(estate)
    for model in estate.models:
        kind = _kind(model.path)
        if not kind:
            continue
        in_use = bool(model.held_by or held.get(model.id))
        yield Hit(
            subject=model.id,
            title=f"model {model_title(model)} {'is used from' if in_use else 'lies in'} a {kind} directory",
            severity=Severity.MEDIUM if in_use else Severity.LOW,
            evidence=(Evidence(what=f"its path is in a {kind} directory", where=model.path, kind="file"),),
            remedy=_remedy(model),
        )


def _kind(path: str) -> str:
    if _ROOTS.match(path):
        return "temporary"
    return "download" if _DOWNLOADS.match(path) else ""


def _remedy(model: ModelFile) -> tuple[str, ...]:
    owner = f" (the file belongs to {model.user})" if model.user else ""
    return (f"find out where it came from{owner}", "then move it to a place that only its owner may write")


RULE = Rule(
    id="model-from-temp",
    title="A model from a temporary or download directory",
    description=(
        "The model lies below /tmp, /var/tmp, /dev/shm (of the host or of a container) or a Downloads directory: "
        "nobody chose that place for something that is to be served. Medium when it is in use, else low."
    ),
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    maturity=Maturity.STABLE,
    remedy=("move it to a place that only its owner may write",),
    atlas=("AML.T0010.003",),
    owasp=("LLM03",),
    check=check,
)
