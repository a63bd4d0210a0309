"""The closed sets that label values come from, and what becomes of the rest: it is counted as `other`. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from aiguard_agent.core.assets import AuthState
from aiguard_agent.core.event import Lane
from aiguard_agent.core.facts import BlindKind, Scope
from aiguard_agent.core.finding import ApprovalState, FindingState, Severity
from aiguard_agent.core.hint import HintKind

OTHER = "other"
LONGEST = 64
"""Characters of a label value that stands in no closed set: versions."""
Key = tuple[str, ...]
Merge = Callable[[Iterable[float]], float]
"""How several series become one: counts add up, of states the worst is told."""

APPROVED = {
    ApprovalState.APPROVED: "true",
    ApprovalState.SHADOW: "false",
    ApprovalState.DRIFTED: "drifted",
    ApprovalState.NO_INVENTORY: "unknown",
}
NOWHERE, ISOLATED = "none", "isolated"
EXPOSURES = (NOWHERE, ISOLATED, *Scope)
"""Mildest first: no socket at all, a namespace nobody outside can reach, then the widest scope it listens on."""

FIXED: Mapping[str, tuple[str, ...]] = {
    "approved": tuple(APPROVED.values()),
    "exposure": EXPOSURES,
    "auth": tuple(AuthState),
    "severity": tuple(one.word for one in Severity),
    "state": tuple(FindingState),
    "kind": tuple(BlindKind),
    "vendor": ("nvidia", "amd", "intel"),
    "hint": tuple(HintKind),
    "lane": tuple(Lane),
    "trigger": ("start", "timer", "hint", "lost", "reload", "request"),
    "phase": ("collect", "identify", "judge", "whole"),
    "class": (
        "detection_finding",
        "vulnerability_finding",
        "compliance_finding",
        "software_inventory_info",
        "device_inventory_info",
    ),
    "reason": ("size", "age", "disk-full"),
    "result": ("acked", "retried", "dropped", "dead"),
    "budget": ("cpu", "bytes", "probes"),
    "code": ("200", "400", "401", "404", "405", "408", "431", "500", "503"),
}
"""Label -> its values, whatever the host."""
LOOKERS = ("probe", "identify", "files", "digest", "watch")
"""Who reports blind spots beside the collectors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The sets that depend on what is installed and configured; never on what is seen on the host."""

    engine: frozenset[str]
    """Ids of the signatures."""
    format: frozenset[str]
    rule: frozenset[str]
    collector: frozenset[str]
    watcher: frozenset[str] = frozenset()
    output: frozenset[str] = frozenset()
    """Names that the configuration gives to outputs."""

    def allowed(self, label: str) -> frozenset[str]:
        """Return the values that a label may have; raises KeyError for a label that nobody declared."""
        if label in FIXED:
            return frozenset(FIXED[label])
        own = {
            "engine": self.engine | {"unknown-model-server"},
            "format": self.format,
            "rule": self.rule,
            "collector": self.collector | set(LOOKERS),
            "watcher": self.watcher,
            "output": self.output,
        }
        return own[label]


def bounded(
    series: Iterable[tuple[Key, float]],
    labels: Key,
    limit: int,
    vocabulary: Vocabulary,
    merge: Merge = sum,
    *,
    largest: bool = True,
) -> dict[Key, float]:
    """Return at most `limit` series, sorted, with nothing lost: what is too much is merged into `other`.

    Those with most behind them keep their names; with `largest` off the first by name do, so that a counter does not
    change its place, and seem to start anew, when another overtakes it.
    """
    sets = [vocabulary.allowed(label) for label in labels]
    merged = _merged(
        (
            (tuple(one if one in known else OTHER for one, known in zip(key, sets, strict=True)), value)
            for key, value in series
        ),
        merge,
    )
    if len(merged) <= limit:
        return dict(sorted(merged.items()))
    kept = _kept(merged, limit, largest)
    first_folded = ((key if key[0] in kept else (OTHER, *key[1:]), value) for key, value in merged.items())
    return dict(sorted(_merged(first_folded, merge).items()))


def _merged(series: Iterable[tuple[Key, float]], merge: Merge) -> dict[Key, float]:
    groups: dict[Key, list[float]] = {}
    for key, value in series:
        groups.setdefault(key, []).append(value)
    return {key: merge(values) for key, values in groups.items()}


def _kept(merged: Mapping[Key, float], limit: int, largest: bool) -> set[str]:
    """Choose the values of the first label that stay, each with all its series."""
    weight: dict[str, float] = {}
    width: dict[str, int] = {}
    for key, value in merged.items():
        weight[key[0]] = weight.get(key[0], 0) + (abs(value) if largest else 0)
        width[key[0]] = width.get(key[0], 0) + 1
    room = limit - len({key[1:] for key in merged})  # as many as `other` may need
    kept: set[str] = set()
    for name in sorted(weight, key=lambda one: (-weight[one], one)):
        if name != OTHER and width[name] <= room:
            kept.add(name)
            room -= width[name]
    return kept


def clean(text: str) -> str:
    """Return a text that any exposition can carry: short, printable, no half characters."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(one if one.isprintable() else "?" for one in whole)[:LONGEST] or "unknown"
