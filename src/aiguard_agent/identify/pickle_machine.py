"""The state of one walk over a pickle: stack, marks, memo and what was named."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiguard_agent.identify.cursor import Cursor, Limit, Truncated
from aiguard_agent.identify.pickle_values import UNKNOWN, Ended, Global

MAX_GLOBALS = 2_000


class Broken(Exception):
    """The bytes are not a pickle (any more)."""


class Machine:
    """The state of one walk."""

    def __init__(self, cursor: Cursor, steps: Mapping[int, Step], max_opcodes: int, nested: int = 0) -> None:
        self.cursor = cursor
        self.steps = steps
        self.max_opcodes = max_opcodes
        self.nested = nested
        self.opcodes = 0
        self.protocol: int | None = None
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}
        self.globals: dict[Global, None] = {}
        self.persistent = 0
        self.dynamic = False
        self.extensions = False
        self.result: object = UNKNOWN
        self.stopped = False

    def run(self) -> tuple[Ended, str]:
        """Execute until something ends it."""
        try:
            while not self.stopped:
                if self.opcodes >= self.max_opcodes:
                    return Ended.LIMIT, f"more than {self.max_opcodes} opcodes"
                code = self.cursor.byte()
                step = self.steps.get(code)
                if step is None:
                    return Ended.BROKEN, f"unknown opcode 0x{code:02x}"
                self.opcodes += 1
                step(self)
        except Truncated:
            return Ended.TRUNCATED, "ends before its STOP"
        except Limit as error:
            return Ended.LIMIT, str(error)
        except (Broken, ValueError) as error:
            return Ended.BROKEN, str(error)
        return Ended.STOP, ""

    def push(self, value: object) -> None:
        """Put a value on the stack."""
        self.stack.append(value)

    def pop(self) -> object:
        """Take the top value; never beyond the last mark."""
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise Broken("stack underflow")
        return self.stack.pop()

    def top(self) -> object:
        """Look at the top value."""
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise Broken("stack underflow")
        return self.stack[-1]

    def pop_mark(self) -> list[object]:
        """Take the values above the last mark, and the mark."""
        if not self.marks:
            raise Broken("no mark on the stack")
        at = self.marks.pop()
        values = self.stack[at:]
        del self.stack[at:]
        return values

    def recall(self, index: int) -> None:
        """Put a memo entry on the stack."""
        if index not in self.memo:
            raise Broken(f"memo {index} was never written")
        self.push(self.memo[index])

    def name(self, module: object, name: object) -> Global | None:
        """Note a global; None when its name is not known."""
        if type(module) is not str or type(name) is not str:
            self.dynamic = True
            return None
        found = Global(module, name)
        if len(self.globals) < MAX_GLOBALS:
            self.globals[found] = None
        return found


Step = Callable[[Machine], None]
"""What one opcode does to the machine."""
