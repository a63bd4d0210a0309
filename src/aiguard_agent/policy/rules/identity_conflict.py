"""A server whose process and answers say different things."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import Confidence, Estate
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import SHOWN, identity_seen, who


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit every server with conflicts among its evidence."""
    del known
    for server in estate.servers:
        if not server.conflicts:
            continue
        only_versions = all(conflict.kind == "version" for conflict in server.conflicts)
        conflict_words = (
            "its sources tell different versions"
            if only_versions
            else "its process is one product, its answers another"
        )
        yield Hit(
            subject=server.id,
            title=f"{who(server)} contradicts itself: {conflict_words}",
            severity=Severity.LOW if only_versions else Severity.MEDIUM,
            evidence=(*server.conflicts[:SHOWN], *identity_seen(server)),
        )


RULE = Rule(
    id="identity-conflict",
    title="Process and answers disagree",
    description=(
        "What the process is and what it answers over HTTP name different products (medium), or its version is told "
        "in different ways (low). Emulated interfaces that the product is known for are no conflict. Either a "
        "signature is wrong, a proxy answers, or somebody hides."
    ),
    severity=Severity.MEDIUM,
    confidence=Confidence.LOW,
    maturity=Maturity.INCUBATING,
    remedy=("look at the process and its port by hand", "if the signature is wrong, report it"),
    atlas=("AML.T0074",),
    check=check,
)
