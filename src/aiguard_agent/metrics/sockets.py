"""The endpoint's listening sockets: one address, one path, and the TLS that stands before the address."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import ssl
import stat
from dataclasses import dataclass

from aiguard_agent.errors import UsageError

BACKLOG = 128
UNIX_MODE = 0o660


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One listening socket."""

    socket: socket.socket
    guarded: bool
    """True when who comes in is asked for credentials; a unix socket is guarded by its file's mode instead."""
    tls: ssl.SSLContext | None = None
    path: str = ""
    """Of a unix socket."""
    inode: int = 0
    """Of that path, so that closing never takes away what somebody else has put there."""

    def close(self) -> None:
        """Stop listening, and take the path away if it is still ours."""
        self.socket.close()
        try:
            if self.path and os.lstat(self.path).st_ino == self.inode:
                os.unlink(self.path)  # noqa: PTH108 - beside lstat, on the same text
        except OSError:
            return  # gone already, or its directory is: nothing of ours is left


def tcp_door(host: str, port: int, tls: ssl.SSLContext | None = None) -> Door:
    """Listen on one address; raises UsageError for a name (nothing is resolved) and OSError when it is taken."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise UsageError(f"metrics: listens on an IP address, not on {host!r}; try 127.0.0.1") from error
    listener = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return Door(socket=listener, guarded=True, tls=tls)


def unix_door(path: str, group: int | None = None) -> Door:
    """Listen on a path that its owner and group may use; raises OSError when somebody listens there already."""
    _clear(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(listener.fileno(), UNIX_MODE)  # Linux makes the path with the socket's mode: never wider than this
        listener.bind(path)
        if group is not None:
            os.chown(path, -1, group)
        os.chmod(path, UNIX_MODE)  # noqa: PTH101 - the umask may have taken the group's right to write
        listener.listen(BACKLOG)
        listener.setblocking(False)
        inode = os.lstat(path).st_ino
    except OSError:
        listener.close()
        raise
    return Door(socket=listener, guarded=False, path=path, inode=inode)


def _clear(path: str) -> None:
    """Take away the socket of an agent that died; anything else that stands there is an error."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileExistsError(errno.EEXIST, "is there and is not a socket", path)
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.setblocking(False)
        try:
            caller.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)  # noqa: PTH108 - nobody listens
            return
        except BlockingIOError:
            pass  # somebody listens, and is busy
    raise OSError(errno.EADDRINUSE, "somebody listens there already", path)


def tls_context(certificate: str, key: str, client_ca: str = "") -> ssl.SSLContext:
    """Return TLS 1.2 or newer with a certificate; with a client CA, callers must show one that it signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=_no_passphrase)
        if client_ca:
            context.load_verify_locations(cafile=client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:  # ssl.SSLError is one, and names no file
        names = ", ".join(name for name in (certificate, key, client_ca) if name)
        raise UsageError(f"metrics: cannot use the TLS files {names}: {error}") from error
    return context


def _no_passphrase() -> str:
    """Answer instead of a person: without this, OpenSSL would ask on the terminal and wait."""
    return ""
