"""Ask which TCP sockets listen in one network namespace, as cheaply as it can be asked four times a second.

NETLINK_SOCK_DIAG, native byte order unless noted:

    nlmsghdr        u32 len, u16 type, u16 flags, u32 seq, u32 pid; next message at (len + 3) & ~3
    inet_diag_req   u8 family, u8 source length, u8 destination length, u8 ext, 48 bytes id, u32 states, u32 dbs
    inet_diag_msg   family @16 … big-endian port @20, address[16] @24 … uid @80, inode @84

The older of the two requests is the one to send: its answer has both address families, which halves the cost.

(include/uapi/linux/netlink.h, inet_diag.h)
"""

from __future__ import annotations

import errno
import os
import socket
import struct

from aiguard_agent.core.hint import Hint, HintKind

NAME = "listen_diff"
Row = tuple[int, bytes, int, int]
"""(address family, address, port, inode): a socket that was closed and opened again is another row."""
_SOCK_DIAG = 4
_TCP_DUMP, _DUMP = 18, 0x301
_ERROR, _DONE, _INTERRUPTED = 2, 3, 0x10
_LISTEN = 1 << 10
_BUFFER = 1 << 16
_SECONDS = 2
_FAMILIES = (socket.AF_INET, socket.AF_INET6)
_REQUEST = struct.pack("=IHHIIBBBB48xII", 76, _TCP_DUMP, _DUMP, 1, 0, socket.AF_INET, 0, 0, 0, _LISTEN, 0)
ROWS = 100_000
"""Sockets of one namespace that are kept apart."""


class TornError(OSError):
    """The list changed while the kernel wrote it; ask again at the next turn."""


def open_diag() -> socket.socket:
    """Open a socket that belongs, for as long as it lives, to the network namespace of this thread."""
    diag = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _SOCK_DIAG)
    # a timeout of the kernel's: Python's own would cost a poll() for every answer
    diag.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", _SECONDS, 0))
    return diag


class Table:
    """The listening sockets of one namespace, as they were last told."""

    def __init__(self, diag: socket.socket) -> None:
        self.diag = diag
        self.rows: frozenset[Row] = frozenset()
        self._answers: list[bytes] = []

    def look(self) -> tuple[frozenset[Row], frozenset[Row]]:
        """Ask again; return (opened, closed) since the last time. Raises OSError, TornError among them."""
        answers = self._ask()
        if answers == self._answers:
            return frozenset(), frozenset()
        rows = frozenset(row for part in answers for row in rows_of(part))
        opened, closed = rows - self.rows, self.rows - rows
        self.rows, self._answers = rows, answers
        return opened, closed

    def _ask(self) -> list[bytes]:
        """Send the request, return its answers up to the end; the kernel has written them before we read."""
        self.diag.send(_REQUEST)
        parts: list[bytes] = []
        ended = torn = False
        while not ended:
            part = self.diag.recv(_BUFFER)
            ended, clean = ends(part)
            torn = torn or not clean
            parts.append(part)
        if torn:
            raise TornError(errno.EAGAIN, "the socket list changed while it was read")
        return parts

    def close(self) -> None:
        """Give the socket back; it would keep its namespace alive."""
        self.diag.close()


def ends(buffer: bytes) -> tuple[bool, bool]:
    """Tell of one answer whether it is the last, and whether the kernel vouches for it; raises OSError."""
    at, clean = 0, True
    while at + 16 <= len(buffer):
        length, kind, flags = struct.unpack_from("=IHH", buffer, at)
        if length < 16:
            raise OSError(errno.EPROTO, "malformed netlink message")
        clean = clean and not flags & _INTERRUPTED
        if kind == _DONE:
            return True, clean
        if kind == _ERROR:
            code = -struct.unpack_from("=i", buffer, at + 16)[0] if at + 20 <= len(buffer) else errno.EPROTO
            raise OSError(code, os.strerror(code) if code > 0 else "refused")
        at += (length + 3) & ~3
    if at == 0:
        raise OSError(errno.EPROTO, "empty netlink message")
    return False, clean


def rows_of(buffer: bytes) -> list[Row]:
    """Return the sockets of one answer; what is no socket is passed over."""
    rows: list[Row] = []
    at = 0
    while at + 88 <= len(buffer) and len(rows) < ROWS:
        length, kind = struct.unpack_from("=IH", buffer, at)
        family = buffer[at + 16]
        if length >= 88 and kind == _TCP_DUMP and family in _FAMILIES:
            port: int = struct.unpack_from(">H", buffer, at + 20)[0]
            inode: int = struct.unpack_from("=I", buffer, at + 84)[0]
            rows.append((family, buffer[at + 24 : at + (28 if family == socket.AF_INET else 40)], port, inode))
        at += max(16, (length + 3) & ~3)
    return rows


def hint_of(row: Row, now: float, *, netns: int | None = None, gone: bool = False) -> Hint:
    """Return the hint that one socket began or ceased to listen."""
    family, address, port, _inode = row
    text = socket.inet_ntop(family, address)
    words = f"[{text}]:{port}" if family == socket.AF_INET6 else f"{text}:{port}"
    where = f" in namespace {netns}" if netns is not None else ""
    closed = " closed" if gone else ""
    return Hint(
        source=NAME,
        kind=HintKind.LISTENER,
        subject=f"{words}{where}{closed}",
        at=now,
        gone=gone,
        port=port,
        netns=netns,
    )


def parse(buffer: bytes, now: float) -> tuple[Hint, ...]:
    """Return what one answer says, all of it taken for new; nonsense is a lost look."""
    try:
        ends(buffer)
    except OSError as error:
        return (Hint(source=NAME, kind=HintKind.LOST, subject=f"sock_diag: {error.strerror}", at=now),)
    return tuple(hint_of(row, now) for row in rows_of(buffer))
