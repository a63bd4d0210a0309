"""What could not be looked at, summed up."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import Confidence, Estate, Evidence
from aiguard_agent.core.facts import Blind, BlindKind
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import SHOWN

_SEVERITY = {
    BlindKind.DENIED: Severity.LOW,
    BlindKind.VANISHED: Severity.INFO,
    BlindKind.BUDGET: Severity.LOW,
    BlindKind.TIMEOUT: Severity.LOW,
    BlindKind.REMOTE: Severity.INFO,
    BlindKind.UNSUPPORTED: Severity.INFO,
    BlindKind.DISAGREEMENT: Severity.MEDIUM,
    BlindKind.ERROR: Severity.LOW,
}
_WORDS = {
    BlindKind.DENIED: "access was denied",
    BlindKind.VANISHED: "it was gone before it could be read",
    BlindKind.BUDGET: "the budget was spent",
    BlindKind.TIMEOUT: "it took too long",
    BlindKind.REMOTE: "it lies on a remote file system",
    BlindKind.UNSUPPORTED: "it cannot be read here",
    BlindKind.DISAGREEMENT: "two sources say different things",
    BlindKind.ERROR: "something failed",
}
_REMEDY = {
    BlindKind.BUDGET: "look at what was left out by hand, or name it with --path",
    BlindKind.TIMEOUT: "scan again when the host is less busy",
    BlindKind.REMOTE: "aiguard-agent scan --remote walks it too",
    BlindKind.VANISHED: "scan again, if it keeps coming back",
    BlindKind.DISAGREEMENT: "look by hand: something may be hiding",
}

_DENIED_TO_ROOT = "scan from the host itself, not from a container (denied even to root)"


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit once for each collector and kind of blindness."""
    del known
    groups: dict[tuple[str, BlindKind], list[Blind]] = {}
    for blind in estate.blind:
        groups.setdefault((blind.collector, blind.kind), []).append(blind)
    for (collector, kind), blinds in sorted(groups.items()):
        count = sum(blind.count for blind in blinds)
        yield Hit(
            subject=f"{collector}: {kind.value}",
            title=f"{collector} could not look at {count} {'thing' if count == 1 else 'things'}: {_WORDS[kind]}",
            severity=_SEVERITY[kind],
            evidence=tuple(_evidence(blinds)),
            remedy=_remedy(collector, kind, rootless=estate.rootless),
        )


def _remedy(collector: str, kind: BlindKind, *, rootless: bool) -> tuple[str, ...]:
    if kind is BlindKind.DENIED:
        return ("run the scan as root",) if rootless else (_DENIED_TO_ROOT,)
    if collector == "probe" and kind in (BlindKind.BUDGET, BlindKind.TIMEOUT):
        return ("give the questions more time: --probe-seconds 60",)
    return (_REMEDY[kind],) if kind in _REMEDY else ()


def _evidence(blinds: list[Blind]) -> Iterator[Evidence]:
    ordered = sorted(blinds, key=lambda one: (-one.count, one.subject, one.reason))
    for blind in ordered[:SHOWN]:
        times = f" ({blind.count} of them)" if blind.count > 1 else ""
        yield Evidence(what=f"{blind.reason}{times}", where=blind.subject, kind="blind")
    if len(ordered) > SHOWN:
        yield Evidence(what=f"and {len(ordered) - SHOWN} more", where=blinds[0].collector, kind="blind")


RULE = Rule(
    id="blind-spot",
    title="Something could not be looked at",
    description=(
        "One finding for each collector and reason, with the subjects as evidence. What could not be looked at is not "
        "what is not there: a quiet scan with blind spots is not a clean one. Two sources that contradict each other "
        "are medium, because that is how hiding looks; the rest is low or info."
    ),
    severity=Severity.LOW,
    confidence=Confidence.HIGH,
    maturity=Maturity.STABLE,
    remedy=("look at the evidence, and scan again with the rights or budgets it asks for",),
    check=check,
)
