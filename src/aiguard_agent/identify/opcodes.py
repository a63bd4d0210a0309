"""Walk the opcodes of a pickle within bounds and keep the names it would import; nothing is ever loaded.

Big arguments are skipped, not read. It names files and finds tensors; it does not judge whether a pickle is safe.
"""

from __future__ import annotations

from aiguard_agent.core.reader import Reader
from aiguard_agent.identify.cursor import Cursor
from aiguard_agent.identify.pickle_machine import Machine
from aiguard_agent.identify.pickle_steps import STEPS
from aiguard_agent.identify.pickle_values import Scan

MAX_OPCODES = 600_000


def scan(reader: Reader, start: int = 0, end: int | None = None, *, max_opcodes: int = MAX_OPCODES) -> Scan:
    """Walk one pickle stream from `start` to its STOP, its breaking point or a limit.

    Raises what the reader raises (BudgetExceeded, OSError) and nothing else.
    """
    machine = Machine(Cursor(reader, start, reader.size if end is None else end), STEPS, max_opcodes)
    ended, why = machine.run()
    return Scan(
        ended=ended,
        why=why,
        end=machine.cursor.position,
        opcodes=machine.opcodes,
        protocol=machine.protocol,
        globals=tuple(machine.globals),
        persistent=machine.persistent,
        dynamic=machine.dynamic,
        extensions=machine.extensions,
        value=machine.result,
    )
