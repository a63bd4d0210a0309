"""Read the schema version from the first bytes of a ledger, for those who must leave no file beside it.

Opening the database, even to read, makes SQLite put its shared-memory file there. SQLite's header has the version
(user_version) @60 and the application id @68, both big-endian u32; what only the write-ahead log holds is not seen.
"""

from __future__ import annotations

import struct
from pathlib import Path

from aiguard_agent.errors import LedgerFault, LedgerTooNew
from aiguard_agent.ledger.schema import APPLICATION_ID, STEPS

_MAGIC = b"SQLite format 3\0"
_FIELDS = struct.Struct(">60xI4xI")


def schema_in(path: Path) -> int:
    """Return the schema version of a ledger file; raises OSError, LedgerFault, LedgerTooNew."""
    with path.open("rb") as stream:
        head = stream.read(_FIELDS.size)
    if not head:
        return 0
    if len(head) < _FIELDS.size or not head.startswith(_MAGIC):
        raise LedgerFault(f"{path} is damaged or no ledger")
    version, application = _FIELDS.unpack(head)
    if version > len(STEPS):
        raise LedgerTooNew(f"{path} was written by a newer agent (schema {version}, this agent knows {len(STEPS)})")
    if application not in (0, APPLICATION_ID):
        raise LedgerFault(f"{path} belongs to another program")
    return int(version)
