"""Which processes deserve a deep look: a cheap, total predicate over the sweep's own facts."""

from __future__ import annotations

from collections.abc import Callable

from aiguard_agent.core.facts import Process
from aiguard_agent.identify.entry import entry_of, well_placed
from aiguard_agent.identify.index import Index


def interest(index: Index) -> Callable[[Process], bool]:
    """Return the predicate: an interpreter, or a process that points at some signature."""

    def interesting(process: Process) -> bool:
        if not process.argv and not process.exe:
            return False
        entry = entry_of(process, believed=well_placed(process))
        return not entry.bystander and (entry.interpreter or bool(index.shown(process, entry)))

    return interesting
