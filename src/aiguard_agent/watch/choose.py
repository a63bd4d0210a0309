"""Which sources to use, and in words why each other one is not; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiguard_agent.core.hint import HintKind
from aiguard_agent.watch.watcher import Settings, Watcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What kernel and rights allow, as found by `conditions.look`."""

    capabilities: frozenset[str] = frozenset()
    """Effective ones: `CAP_SYS_ADMIN`, …"""
    kernel: tuple[int, int] = (0, 0)
    init_namespaces: bool = True
    """In the initial pid and user namespace."""
    places: Mapping[str, bool] = field(default_factory=dict)
    """What a watcher's `place` may ask for, and whether it is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A watcher to open, and what it is asked to tell."""

    watcher: Watcher
    kinds: frozenset[HintKind]
    less: str = ""
    """What it will see less of for want of a right; "" = nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A watcher that is not used."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Who watches, who does not, and what nobody tells."""

    used: tuple[Used, ...]
    passed: tuple[Passed, ...]
    untold: frozenset[HintKind] = frozenset()
    """Kinds that no source tells: the timed reconcile alone finds them."""


def choose(watchers: Sequence[Watcher], conditions: Conditions, settings: Settings) -> Choice:
    """Choose, for each kind of hint, the best source that can be opened."""
    able: list[Watcher] = []
    passed: list[Passed] = []
    for watcher in watchers:
        why = _obstacle(watcher, conditions, settings)
        if why:
            passed.append(Passed(name=watcher.name, why=why))
        else:
            able.append(watcher)
    best = {kind: _best(able, kind) for kind in sorted(settings.kinds)}
    used: list[Used] = []
    for watcher in able:
        kinds = frozenset(kind for kind, winner in best.items() if winner is watcher)
        if kinds:
            used.append(Used(watcher=watcher, kinds=kinds, less=_less(watcher, conditions)))
        else:
            passed.append(Passed(name=watcher.name, why=_beaten(watcher, best)))
    untold = frozenset(kind for kind, winner in best.items() if winner is None)
    return Choice(used=tuple(used), passed=tuple(sorted(passed, key=lambda one: one.name)), untold=untold)


def _best(able: Sequence[Watcher], kind: HintKind) -> Watcher | None:
    """Return who tells a kind best; of equals the first by name."""
    telling = sorted((w for w in able if kind in w.ranks), key=lambda w: (-w.ranks[kind], w.name))
    return telling[0] if telling else None


def _obstacle(watcher: Watcher, conditions: Conditions, settings: Settings) -> str:
    """Return why a watcher cannot be used at all, or ""."""
    wanted = settings.wanted.get(watcher.name)
    missing = [name for name in watcher.needs if name not in conditions.capabilities]
    if wanted is False:
        return "switched off in the configuration"
    if wanted is None and not watcher.default:
        return "off unless switched on in the configuration"
    if conditions.kernel < watcher.kernel:
        return "needs Linux {}.{}, this is {}.{}".format(*watcher.kernel, *conditions.kernel)
    if watcher.init_namespaces and not conditions.init_namespaces:
        return "works in the initial pid and user namespace only (in a container: share the host's)"
    if missing:
        return f"needs {' and '.join(missing)}"
    if watcher.place and not conditions.places.get(watcher.place, False):
        return f"{watcher.place} is not there or not writable"
    return ""


def _beaten(watcher: Watcher, best: Mapping[HintKind, Watcher | None]) -> str:
    """Say who tells the same, better."""
    others = sorted({winner.name for kind in watcher.ranks if (winner := best.get(kind)) is not None})
    return f"{' and '.join(others)} tells the same, better" if others else "nobody asked for what it tells"


def _less(watcher: Watcher, conditions: Conditions) -> str:
    missing = [name for name in watcher.better_with if name not in conditions.capabilities]
    return f"sees less without {' and '.join(missing)}" if missing else ""
