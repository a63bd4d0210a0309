"""Messages of the kernel's process connector; pure. Native byte order, offsets from the start of the buffer:

    nlmsghdr    u32 len @0, u16 type @4, u16 flags, u32 seq @8, u32 pid @12
    cn_msg      u32 idx @16 = 1, u32 val @20 = 1, u32 seq @24, u32 ack @28, u16 len @32, u16 flags
    event       u32 what @36, u32 cpu @40, u64 nanoseconds @44 (CLOCK_MONOTONIC), data @52
    EXEC, EXIT  i32 pid @52, i32 tgid @56
    NONE        u32 error @52: the kernel's answer to whoever subscribed; everybody without a filter hears it, and it
                is known by cn_msg.ack, which is that of the request plus one

(include/uapi/linux/cn_proc.h, connector.h)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from aiguard_agent.core.hint import Hint, HintKind

NAME = "proc_connector"
GROUP = 1
"""CN_IDX_PROC: the multicast group to bind to."""
LISTEN, IGNORE = 1, 2
NONE, EXEC, EXIT = 0, 0x2, 0x80000000
FILTER = EXEC | EXIT
_MESSAGE_DONE = 3
_HEADER = 52
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Answer:
    """The kernel's answer to one request."""

    token: int
    error: int


def request(operation: int, token: int, mask: int | None = None) -> bytes:
    """Return the message that subscribes or unsubscribes; with `mask` in the form of kernels that filter by type."""
    payload = struct.pack("=I", operation) if mask is None else struct.pack("=II", operation, mask)
    message = struct.pack("=IIIIHH", 1, 1, 0, token, len(payload), 0) + payload
    return struct.pack("=IHHII", 16 + len(message), _MESSAGE_DONE, 0, 0, 0) + message


def answer(buffer: bytes) -> Answer | None:
    """Return the answer in a datagram, or None when it is something else."""
    if len(buffer) < _HEADER + 4 or buffer[16:24] != struct.pack("=II", 1, 1):
        return None
    token, what = struct.unpack_from("=I", buffer, 28)[0] - 1, struct.unpack_from("=I", buffer, 36)[0]
    return Answer(token, struct.unpack_from("=I", buffer, 52)[0]) if what == NONE else None


def unasked(buffer: bytes) -> bool:
    """Tell whether a datagram is of a type that the filter would have kept from us: this kernel has no filter."""
    return len(buffer) >= _HEADER and struct.unpack_from("=I", buffer, 36)[0] not in (NONE, EXEC, EXIT)


def parse(buffer: bytes, now: float) -> tuple[Hint, ...]:
    """Return what one datagram hints at; a datagram may hold several messages."""
    hints: list[Hint] = []
    at = 0
    while at + _HEADER + 8 <= len(buffer) and at < _LONGEST:
        (length,) = struct.unpack_from("=I", buffer, at)
        hint = _event(buffer, at, now) if length >= _HEADER + 8 else None
        if hint is not None:
            hints.append(hint)
        at += max(16, (length + 3) & ~3)
    return tuple(hints)


def _event(buffer: bytes, at: int, now: float) -> Hint | None:
    """Read one message; None for what is not the start or the end of a program."""
    index, value = struct.unpack_from("=II", buffer, at + 16)
    what, _cpu, nanoseconds, pid, group = struct.unpack_from("=IIQii", buffer, at + 36)
    if (index, value) != (1, 1) or what not in (EXEC, EXIT) or group <= 0:
        return None
    when = min(nanoseconds / 1e9, now)
    if what == EXEC:
        return Hint(source=NAME, kind=HintKind.PROCESS, subject=f"pid {group}", at=when, pid=group)
    if pid != group:
        return None  # a thread ended
    return Hint(source=NAME, kind=HintKind.PROCESS, subject=f"pid {group} ended", at=when, pid=group, gone=True)
