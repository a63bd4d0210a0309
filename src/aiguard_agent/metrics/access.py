"""Who may scrape: one user with a password, or whoever brings the token. Compared in constant time.

Secrets come as they are, from files that only the agent can read; the bcrypt hashes of exporter-toolkit's
web configuration are not understood, because checking one takes a library outside the base install.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import stat
from dataclasses import dataclass, field

from aiguard_agent.errors import UsageError

SECRET_LIMIT = 4096
"""Bytes of a file that holds one password or token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What opens the door; with neither a password nor a token it stands open."""

    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if bool(self.user) != bool(self.password):
            raise UsageError("metrics: basic auth takes a user and a password, one of them is missing")

    @property
    def open(self) -> bool:
        """True when nobody is asked for anything."""
        return not (self.password or self.token)

    @property
    def challenge(self) -> str:
        """Value of WWW-Authenticate."""
        return 'Basic realm="aiguard-agent", charset="UTF-8"' if self.password else "Bearer"

    def allows(self, authorization: str) -> bool:
        """Tell whether an Authorization header opens the door."""
        if self.open:
            return True
        scheme, _space, told = authorization.partition(" ")
        match scheme.lower():
            case "basic" if self.password:
                return _same(_decoded(told), f"{self.user}:{self.password}".encode())
            case "bearer" if self.token:
                return _same(told.strip().encode("latin-1", "replace"), self.token.encode())
        return False


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _same(one: bytes, other: bytes) -> bool:
    """Compare digests, so that not even the length is told by the time it takes."""
    return hmac.compare_digest(hashlib.sha256(one).digest(), hashlib.sha256(other).digest())


def read_secret(path: str) -> str:
    """Return the one line of a secret's file; raises UsageError when it is empty, too long or open to everybody."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        seen = os.fstat(descriptor)
        raw = os.read(descriptor, SECRET_LIMIT + 1) if stat.S_ISREG(seen.st_mode) else b""
    finally:
        os.close(descriptor)
    if not stat.S_ISREG(seen.st_mode):
        raise UsageError(f"{path}: not a regular file")
    if seen.st_mode & stat.S_IRWXO:
        raise UsageError(f"{path}: anybody may read or write it; run: chmod 0600 {path}")
    try:
        secret = raw.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8 text") from error
    if not secret or len(raw) > SECRET_LIMIT or not secret.isprintable():
        raise UsageError(f"{path}: must hold one line of 1 to {SECRET_LIMIT} bytes, the secret")
    return secret
