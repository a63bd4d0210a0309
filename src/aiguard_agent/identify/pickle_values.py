"""What an opcode scan of a pickle leaves behind: names and shapes of things, never the things."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Unknown(StrEnum):
    """A value that the scan does not follow."""

    VALUE = "?"


UNKNOWN = Unknown.VALUE


@dataclass(frozen=True, slots=True)
class Global:
    """A module attribute that loading the pickle would import."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True)
class PersistentId:
    """A reference to something outside the stream: a storage of a torch checkpoint."""

    value: object


@dataclass(slots=True, eq=False)
class Made:
    """What a call would have made: the callable, its arguments, the state and items given to it later."""

    what: object
    args: object = ()
    state: object = None
    items: dict[str | int, object] = field(default_factory=dict)
    appended: list[object] = field(default_factory=list)


class Ended(StrEnum):
    """Why a scan ended."""

    STOP = "stop"
    BROKEN = "broken"
    """The bytes are no pickle from here on; what came before would already have run."""
    TRUNCATED = "truncated"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One pickle stream, read without loading it."""

    ended: Ended
    why: str = ""
    end: int = 0
    """Offset behind the last opcode."""
    opcodes: int = 0
    protocol: int | None = None
    globals: tuple[Global, ...] = ()
    """Distinct, in the order of their first use."""
    persistent: int = 0
    dynamic: bool = False
    """True when a global is named by a value that the scan could not follow."""
    extensions: bool = False
    """True when it names code by number from the copyreg registry."""
    value: object = UNKNOWN
    """What STOP would have returned."""

    @property
    def imports(self) -> bool:
        """True when loading it would import something."""
        return bool(self.globals) or self.dynamic or self.extensions
