"""The life of one finding, as a pure function of what it was and what is seen now.

    seen for the first time         opened (or waived)
    seen again, as it was           nothing to tell
    seen again, otherwise           changed, waived, reopened
    no longer seen                  resolved
    seen again after that           reopened

A finding that keeps turning is told a few times, then once as `flapping`, then not before it has settled. So what was
told last is kept beside what is true, and every finding that differs is told when it was quiet for long enough.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from aiguard_agent.core.finding import Severity
from aiguard_agent.core.turn import Turned


class State(StrEnum):
    """Whether a finding is there."""

    OPEN = "open"
    WAIVED = "waived"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """One scan: its clock, its number, and what it calls flapping."""

    at: float
    scan: int
    flap_seconds: float
    flap_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What is kept of a finding, beside its document."""

    state: State
    severity: Severity
    substance: str
    opened_at: float
    last_seen: float
    resolved_at: float | None = None
    turned_at: float
    """When its state or substance last turned, told or not."""
    count: int = 1
    scan: int = 0
    """Number of the scan that `count` counts up to."""
    flaps: int = 0
    told_state: State
    told_substance: str
    told_severity: Severity

    @property
    def told(self) -> bool:
        """True when the last thing told is what is true."""
        return self.told_state is self.state and self.told_substance == self.substance

    def loud(self) -> Life:
        """Return it as told."""
        return replace(self, told_state=self.state, told_substance=self.substance, told_severity=self.severity)


def seen(life: Life | None, state: State, severity: Severity, substance: str, now: Now) -> tuple[Life, Turned | None]:
    """Return the life of a finding that this scan sees, and what to tell of it."""
    if life is None:
        return _born(state, severity, substance, now)
    life = _rebased(life, now)
    if life.state is State.RESOLVED:
        return _returned(life, state, severity, substance, now)
    there = replace(
        life,
        state=state,
        severity=severity,
        substance=substance,
        last_seen=now.at,
        count=life.count + max(0, now.scan - life.scan),
        scan=now.scan,
    )
    if (state, substance) == (life.state, life.substance):
        return there, None
    there = replace(there, turned_at=now.at, flaps=_flaps(life, now, state is life.state))
    if state is not life.state:  # somebody waived it, or the waiver ran out: always news
        return there.loud(), Turned.WAIVED if state is State.WAIVED else Turned.REOPENED
    return _told(there, Turned.CHANGED, now)


def _born(state: State, severity: Severity, substance: str, now: Now) -> tuple[Life, Turned]:
    life = Life(
        state=state,
        severity=severity,
        substance=substance,
        opened_at=now.at,
        last_seen=now.at,
        turned_at=now.at,
        scan=now.scan,
        told_state=state,
        told_substance=substance,
        told_severity=severity,
    )
    return life, Turned.WAIVED if state is State.WAIVED else Turned.OPENED


def _returned(life: Life, state: State, severity: Severity, substance: str, now: Now) -> tuple[Life, Turned | None]:
    soon = now.at - life.turned_at <= now.flap_seconds
    there = replace(
        life,
        state=state,
        severity=severity,
        substance=substance,
        opened_at=life.opened_at if soon else now.at,
        last_seen=now.at,
        resolved_at=None,
        turned_at=now.at,
        count=life.count + 1 if soon else 1,
        scan=now.scan,
        flaps=_flaps(life, now, True),
    )
    return _told(there, Turned.WAIVED if state is State.WAIVED else Turned.REOPENED, now)


def gone(life: Life, now: Now) -> tuple[Life, Turned | None]:
    """Return the life of a finding that was there and is no longer, and what to tell of it."""
    life = _rebased(life, now)
    there = replace(life, state=State.RESOLVED, resolved_at=now.at, turned_at=now.at, flaps=_flaps(life, now, False))
    if there.flaps >= now.flap_limit:
        return there, None
    return there.loud(), Turned.RESOLVED


def settled(life: Life, now: Now) -> tuple[Life, Turned | None]:
    """Return what is to be told at last of a finding that was silenced, if it was quiet for long enough."""
    life = _rebased(life, now)
    if life.told or now.at - life.turned_at <= now.flap_seconds:
        return life, None
    return replace(life.loud(), flaps=0), _word(life)


def _word(life: Life) -> Turned:
    if life.state is State.RESOLVED:
        return Turned.RESOLVED
    if life.state is State.WAIVED:
        return Turned.WAIVED
    return Turned.REOPENED if life.told_state is State.RESOLVED else Turned.CHANGED


def _flaps(life: Life, now: Now, counts: bool) -> int:
    """Count a turn that follows another one closely; forget the old ones after a quiet time."""
    if now.at - life.turned_at > now.flap_seconds:
        return 0
    return life.flaps + counts


def _told(life: Life, what: Turned, now: Now) -> tuple[Life, Turned | None]:
    """Silence a finding that flaps, unless it is worse than anybody was told."""
    if life.severity > life.told_severity or life.flaps < now.flap_limit:
        return life.loud(), what
    if life.flaps == now.flap_limit:
        return life.loud(), Turned.FLAPPING
    return life, None


def _rebased(life: Life, now: Now) -> Life:
    """Follow a clock that was set back: nothing may have happened later than now."""
    return replace(
        life,
        opened_at=min(life.opened_at, now.at),
        turned_at=min(life.turned_at, now.at),
        last_seen=min(life.last_seen, now.at),
    )
