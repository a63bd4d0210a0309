"""A key or token on a command line, where every account can read it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aiguard_agent.core.assets import Confidence, Estate
from aiguard_agent.core.facts import REDACTED
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import SHOWN, called, process_seen

_MARK = re.compile(rf"(?<!\*){re.escape(REDACTED)}(?!\*)")


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit every server in whose command line a secret was redacted."""
    del known
    for server in estate.servers:
        places = tuple(dict.fromkeys(_places(server.process.argv)))
        if places:
            yield Hit(
                subject=server.id,
                title=f"{called(server)} has a secret on its command line ({', '.join(places[:3])})",
                evidence=tuple(process_seen(server, f"argv holds a secret: {place}") for place in places[:SHOWN]),
            )


def _places(argv: tuple[str, ...]) -> Iterator[str]:
    """Name the options that carry a secret: `--api-key`, or the word around the redacted part."""
    for before, word in zip(("", *argv), argv, strict=False):
        if not _MARK.search(word):
            continue
        if word == REDACTED:
            yield before.partition("=")[0][:80] if before.startswith("-") else "a word"
        else:
            yield word.partition("=")[0][:80] if "=" in word and word.startswith("-") else word[:80]


RULE = Rule(
    id="secret-in-argv",
    title="A secret on a command line",
    description=(
        "A key, token or password was given as an argument: every account of the host reads it in the process list, "
        "and it ends in logs and shell histories. The scan redacts it where it reads it; its value is nowhere in "
        "this report."
    ),
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    maturity=Maturity.STABLE,
    remedy=("hand it over in a file or an environment file that only its account may read", "then change the secret"),
    atlas=("AML.T0055",),
    owasp=("LLM02",),
    check=check,
)
