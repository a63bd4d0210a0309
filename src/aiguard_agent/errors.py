"""Every exception this package raises on purpose.

    AiguardError
    ├── UsageError          the command line asks for something impossible
    ├── DocumentError       one YAML document (inventory, signature) is not what its schema says
    ├── BudgetExceeded      a bounded reader refused to read further
    ├── ProbeRefused        the probe policy does not allow this request
    ├── LedgerBusy          another process holds the ledger
    ├── LedgerTooNew        the ledger was written by a newer agent
    └── LedgerFault         the ledger could not be read just now

"Could not look" is not an exception but a value: `core.facts.Blind`.
"""

from __future__ import annotations

from collections.abc import Sequence


class AiguardError(Exception):
    """Root of the tree; the door (`cli.main`) turns it into one line and an exit code."""


class UsageError(AiguardError):
    """The command line asks for something impossible; the message says what to type instead."""


class DocumentError(AiguardError):
    """One or more problems of documents on disk, each a whole line `file:line: key: what, nearest name`."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class BudgetExceeded(AiguardError):
    """A bounded reader refused to read further; what was read so far still counts."""


class ProbeRefused(AiguardError):
    """The probe policy does not allow this request; it was not sent."""


class LedgerBusy(AiguardError):
    """Another process holds the ledger; the message names its pid."""

    def __init__(self, message: str, pid: int | None) -> None:
        self.pid = pid
        super().__init__(message)


class LedgerTooNew(AiguardError):
    """The ledger was written by a newer agent; it is left as it is."""


class LedgerFault(AiguardError):
    """The ledger could not be read just now (disk full, I/O error); asking again later is right."""
