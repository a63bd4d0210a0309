"""A server on this host that passes prompts on to somebody else's cloud."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import Confidence, Estate, Evidence
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import SHOWN, where, who


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit every server that says some of its models run elsewhere."""
    del known
    for server in estate.servers:
        names = tuple(dict.fromkeys(server.remote_models))
        if not names:
            continue
        rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
        yield Hit(
            subject=server.id,
            title=f"{who(server)} passes prompts for {', '.join(names[:3])}{rest} on to a cloud",
            evidence=tuple(
                Evidence(what=f"offers remote model {name}", where=where(server), kind="model")
                for name in names[:SHOWN]
            ),
        )


RULE = Rule(
    id="remote-model",
    title="A model that runs in somebody's cloud",
    description=(
        "The server is on this host, but some of its models are not: prompts for them leave the host. No fault in "
        "itself, but whoever approved a local model may not have approved that."
    ),
    severity=Severity.INFO,
    confidence=Confidence.MEDIUM,
    maturity=Maturity.STABLE,
    remedy=("list the models it may have under `models:` of its inventory entry", "remove the remote models"),
    owasp=("LLM02",),
    check=check,
)
