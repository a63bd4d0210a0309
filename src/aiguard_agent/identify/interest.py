"""Which processes deserve a deep look: a cheap, total predicate over the sweep's own facts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from aiguard_agent.core.facts import Process
from aiguard_agent.identify.entry import entry_of
from aiguard_agent.signatures.schema import ServerSignature


def interest(signatures: Iterable[ServerSignature]) -> Callable[[Process], bool]:
    """Return the predicate: a name of some signature, an interpreter, or a command line that some signature knows."""
    signatures = tuple(signatures)
    names = {name.lower() for s in signatures for name in (*s.process.exe, *s.process.exe_weak)}
    names |= {name[:15] for name in names}
    patterns = [pattern for s in signatures for pattern in s.process.cmdline]
    known = re.compile("|".join(_local(pattern) for pattern in patterns)) if patterns else None

    def interesting(process: Process) -> bool:
        if not process.argv and not process.exe:
            return False
        entry = entry_of(process)
        if entry.bystander:
            return False
        if entry.interpreter or not names.isdisjoint(entry.names):
            return True
        return known is not None and known.search(entry.line) is not None

    return interesting


def _local(pattern: str) -> str:
    """Return the pattern as one alternative among others: a flag at its start must not rule the others."""
    flags = re.match(r"\(\?([aimsux]+)\)", pattern)
    return f"(?{flags[1]}:{pattern[flags.end() :]})" if flags else f"(?:{pattern})"
