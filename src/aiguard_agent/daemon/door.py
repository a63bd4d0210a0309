"""The status door: a unix socket at which root, the agent's own user and one group may ask how the agent is.

One connection, one JSON document, closed. Nothing that is sent to us is read.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aiguard_agent.errors import UsageError

SCHEMA_VERSION = "1.0"
ANSWER_LIMIT = 4 << 20
_SECONDS = 2.0
_CREDENTIALS = struct.Struct("3i")


class Door:
    """Answers from `open` to `close`, in a thread of its own."""

    def __init__(self, path: Path, ask: Callable[[], Mapping[str, Any]], group: int | None = None) -> None:
        self._path, self._ask, self._group = path, ask, group
        self._socket: socket.socket | None = None

    def open(self) -> None:
        """Listen; raises OSError. A socket that nobody answers at any more is replaced, another's is not."""
        self._path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if self._path.is_socket() and not _answers(self._path):
            self._path.unlink()
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        old = os.umask(0o117)
        try:
            listening.bind(str(self._path))
        except OSError:
            listening.close()
            raise
        finally:
            os.umask(old)
        if self._group is not None:
            os.chown(self._path, -1, self._group)
        listening.listen(8)
        self._socket = listening
        threading.Thread(target=self._serve, args=(listening,), name="status", daemon=True).start()

    def close(self) -> None:
        """Stop listening and take the path away."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            self._socket = None
            self._path.unlink(missing_ok=True)

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                peer, _address = listening.accept()
            except OSError:
                return
            with peer:
                try:
                    self._answer(peer)
                except Exception:  # noqa: BLE001, S112 - at the door: one answer that fails must not end all later ones
                    continue

    def _answer(self, peer: socket.socket) -> None:
        with contextlib.suppress(OSError):
            peer.settimeout(_SECONDS)
            document: Mapping[str, Any] = {"schema_version": SCHEMA_VERSION, "error": "not for you"}
            if self._may_ask(peer):
                document = {"schema_version": SCHEMA_VERSION, **self._ask()}
            peer.sendall(json.dumps(document).encode())

    def _may_ask(self, peer: socket.socket) -> bool:
        """The path's mode lets in whom it should; credentials hold even where somebody changed that mode."""
        _pid, uid, gid = _CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
        return uid in {0, os.geteuid()} or (self._group is not None and self._group in {gid, *_groups_of(uid)})


def ask(path: Path) -> dict[str, Any]:
    """Ask the running agent; raises UsageError when nobody answers or it does not answer us."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
            channel.settimeout(_SECONDS)
            channel.connect(str(path))
            chunks: list[bytes] = []
            while sum(map(len, chunks)) < ANSWER_LIMIT and (chunk := channel.recv(1 << 16)):
                chunks.append(chunk)
        document = json.loads(b"".join(chunks))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"no agent answers at {path} ({error}); is it running? systemctl status aiguard-agent"
        ) from error
    if not isinstance(document, dict) or "error" in document:
        raise UsageError(f"the agent at {path} does not answer this user; run it as root or in its group")
    return document


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(_SECONDS)
        try:
            channel.connect(str(path))
        except OSError:
            return False
        return True


def _groups_of(uid: int) -> tuple[int, ...]:
    import pwd

    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return ()
    return tuple(os.getgrouplist(entry.pw_name, entry.pw_gid))
