"""Bounded, seekable bytes: the only way a thinking room sees a file."""

from __future__ import annotations

from typing import Protocol

from aiguard_agent.errors import BudgetExceeded

HEADER_BUDGET = 32 * 1024 * 1024
"""Bytes that naming one model file may read at most; a 128 k token GGUF header needs about 5 MiB."""


class Reader(Protocol):
    """Bytes of one file. Reading past the end gives fewer bytes; past the budget raises BudgetExceeded."""

    @property
    def size(self) -> int:
        """Size of the whole file in bytes."""
        ...

    @property
    def spent(self) -> int:
        """Bytes read so far."""
        ...

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`; raises BudgetExceeded or OSError."""
        ...


class BytesReader:
    """A Reader over bytes in memory, for tests and for members of archives."""

    def __init__(self, data: bytes, *, budget: int = HEADER_BUDGET, size: int | None = None) -> None:
        self._data = data
        self._size = len(data) if size is None else size
        self._budget = budget
        self._spent = 0

    @property
    def size(self) -> int:
        """Size of the whole file in bytes; may be larger than the bytes at hand (a sparse stand-in)."""
        return self._size

    @property
    def spent(self) -> int:
        """Bytes read so far."""
        return self._spent

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes from `offset`."""
        if offset < 0 or length < 0:
            raise ValueError("offset and length are not negative")
        if self._spent + min(length, max(0, self._size - offset)) > self._budget:
            raise BudgetExceeded(f"budget of {self._budget} bytes is spent")
        chunk = self._data[offset : offset + length]
        self._spent += len(chunk)
        return chunk
