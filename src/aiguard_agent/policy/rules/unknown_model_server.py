"""Something that serves a model, and that no signature knows."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import Confidence, Estate
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import (
    SHOWN,
    UNKNOWN_PRODUCT,
    approve_command,
    exposed,
    listeners_seen,
    stop_command,
    where,
    who,
)


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit every server that was recognised by its behaviour alone."""
    del known
    for server in estate.servers:
        if server.product != UNKNOWN_PRODUCT:
            continue
        yield Hit(
            subject=server.id,
            title=f"{who(server)} listens at {where(server)}, and no signature knows what it is",
            severity=Severity.HIGH if exposed(server) else Severity.MEDIUM,
            confidence=server.confidence,
            evidence=(*server.evidence[:SHOWN], *listeners_seen(server)),
            remedy=(
                "ask its owner what it is",
                approve_command(server.id),
                f"stop it: {stop_command(server)}",
            ),
        )


RULE = Rule(
    id="unknown-model-server",
    title="A model server of unknown make",
    description=(
        "A process listens, has an accelerator or a machine-learning runtime mapped, and holds a model file or GPU "
        "memory, but no signature names it: most often a script of somebody's own. High when strangers reach it, "
        "else medium. A heuristic: its evidence says what it rests on."
    ),
    severity=Severity.MEDIUM,
    confidence=Confidence.LOW,
    maturity=Maturity.INCUBATING,
    remedy=("ask its owner what it is", "aiguard-agent inventory approve ID"),
    owasp=("LLM03",),
    check=check,
)
