"""The listening sockets of a namespace that cannot be entered, from /proc/PID/net/tcp and tcp6; needs no privilege.

The kernel writes the listening sockets first, so reading ends at the first line that is none.

    sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
     0: 0100007F:2CAA 00000000:0000 0A …

Addresses are 32-bit words in native order, ports are plain hexadecimal.
"""

from __future__ import annotations

import os
import socket
import struct

from aiguard_agent.watch.diag import ROWS, Row

_CHUNK = 1 << 14
_LIMIT = 1 << 22


class TextTable:
    """The listening sockets of one namespace, read through one of the processes in it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.rows: frozenset[Row] = frozenset()

    def look(self) -> tuple[frozenset[Row], frozenset[Row]]:
        """Read again; return (opened, closed) since the last time; raises OSError when the process is gone."""
        rows = frozenset((*_read(f"/proc/{self.pid}/net/tcp"), *_read(f"/proc/{self.pid}/net/tcp6")))
        opened, closed = rows - self.rows, self.rows - rows
        self.rows = rows
        return opened, closed

    def close(self) -> None:
        """Nothing is held."""


def _read(path: str) -> list[Row]:
    """Read one table up to its first line that is no listening socket."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        if path.endswith("tcp6"):
            return []  # a kernel without IPv6
        raise
    text = b""
    try:
        while len(text) < _LIMIT and (chunk := os.read(fd, _CHUNK)):
            text += chunk
            if _has_other(chunk):
                break
    finally:
        os.close(fd)
    return rows_of(text)


def _has_other(chunk: bytes) -> bool:
    """Tell whether a whole line of this is a socket that does not listen."""
    lines = chunk.split(b"\n")[1:-1]
    return any(len(words) > 3 and words[3] != b"0A" for words in (line.split(None, 4) for line in lines))


def rows_of(text: bytes) -> list[Row]:
    """Return the listening sockets of a table; lines that are none are passed over."""
    rows: list[Row] = []
    for line in text.split(b"\n"):
        words = line.split()
        if len(words) > 9 and words[3] == b"0A" and len(rows) < ROWS:
            row = _row(words[1], words[9])
            if row is not None:
                rows.append(row)
    return rows


def _row(local: bytes, inode: bytes) -> Row | None:
    """Read one local address and inode; None for nonsense."""
    address, _, port = local.partition(b":")
    if len(address) not in (8, 32):
        return None
    try:
        words = [int(address[at : at + 8], 16) for at in range(0, len(address), 8)]
        family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
        return family, struct.pack(f"={len(words)}I", *words), int(port, 16) & 0xFFFF, int(inode)
    except (ValueError, struct.error):
        return None
