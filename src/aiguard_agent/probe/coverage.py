"""Which unanswered questions are blind spots, in an operator's words; pure."""

from __future__ import annotations

from collections.abc import Iterable

from aiguard_agent.core.facts import Blind, BlindKind
from aiguard_agent.core.probing import HttpAnswer, Target

_KINDS = {
    "denied": BlindKind.DENIED,
    "timeout": BlindKind.TIMEOUT,
    "budget": BlindKind.BUDGET,
    "vanished": BlindKind.VANISHED,
    "refused": BlindKind.ERROR,
    "reset": BlindKind.ERROR,
    "tls": BlindKind.UNSUPPORTED,
    "unreachable": BlindKind.ERROR,
}
"""Not here: `not-http` and `not recorded` (nothing more to be learned) and `policy` (left out on purpose)."""


def blind_spots(answers: Iterable[HttpAnswer]) -> tuple[Blind, ...]:
    """Return one Blind per target and kind of loss, with the number of its questions that stayed open."""
    lost: dict[tuple[Target, BlindKind], list[str]] = {}
    for answer in answers:
        kind = _KINDS.get(answer.error.partition(":")[0])
        if kind is not None:
            lost.setdefault((answer.target, kind), []).append(answer.error)
    return tuple(
        Blind(collector="probe", subject=_subject(target), reason=errors[0], kind=kind, count=len(errors))
        for (target, kind), errors in lost.items()
    )


def _subject(target: Target) -> str:
    if target.family == "unix":
        return f"pid {target.pid} at {target.address}"
    host = f"[{target.address}]" if ":" in target.address else target.address
    return f"pid {target.pid} at {host}:{target.port}"
