"""Read the few files that a configuration consists of: regular ones, bounded, and nobody else's to change."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from aiguard_agent.config.values import Secret

DOCUMENT_LIMIT = 256 << 10
"""Bytes of one configuration file."""
SECRET_LIMIT = 64 << 10
DROP_INS = 100
"""Files that one drop-in directory may hold."""
CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""Variable in which systemd tells where LoadCredential= put them."""


class Unfit(ValueError):
    """A file is not what it must be; the message says what to do about it, without any of its content."""

    def __init__(self, what: str, *, line: int = 1, absent: bool = False) -> None:
        super().__init__(what)
        self.line = line
        self.absent = absent


def document(path: Path) -> str:
    """Return the text of a configuration file. Raises Unfit."""
    data = _bytes(path, DOCUMENT_LIMIT, forbidden=stat.S_IWOTH, remedy="anybody may write it; chmod o-w")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unfit("is not UTF-8 text", line=data.count(b"\n", 0, error.start) + 1) from error


def drop_ins(directory: Path) -> tuple[Path, ...]:
    """Return the files of a drop-in directory in the order in which they count; none when there is none. Raises Unfit.

    A name that a package manager or an editor left (`x.yaml.dpkg-new`, `.x.yaml.swp`) is not ours to read.
    """
    try:
        mode = directory.stat().st_mode
        names = sorted(os.listdir(directory))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise Unfit(f"cannot be read: {error.strerror or error}") from error
    if mode & stat.S_IWOTH:
        raise Unfit("anybody may put files there; chmod o-w")
    names = [name for name in names if not name.startswith(".")]
    if wrong := [name for name in names if name.endswith(".yml")]:
        raise Unfit(f"{wrong[0]} would not be read; name it *.yaml")
    found = tuple(directory / name for name in names if name.endswith(".yaml"))
    if len(found) > DROP_INS:
        raise Unfit(f"holds more than {DROP_INS} files")
    return found


def locate(secret: Secret, environ: Mapping[str, str]) -> Path:
    """Return the file in which a secret lies. Raises Unfit."""
    if not secret.credential:
        return Path(secret.file)
    folder = environ.get(CREDENTIALS, "")
    if not folder:
        raise Unfit(
            f"${CREDENTIALS} is not set, so there is no credential `{secret.credential}` here;"
            f" the unit needs LoadCredential={secret.credential}:PATH"
        )
    return Path(folder) / secret.credential


def read_secret(secret: Secret, environ: Mapping[str, str]) -> str:
    """Return a secret of one line, without its line end. Raises Unfit, whose message holds nothing of it."""
    try:
        text = private(secret, environ).decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise Unfit("is not UTF-8 text") from None
    if not text or not text.isprintable():
        raise Unfit("holds no secret of one line" if text else "is empty")
    return text


def private(secret: Secret, environ: Mapping[str, str]) -> bytes:
    """Return the bytes of a secret's file, which nobody but its owner and group may read. Raises Unfit."""
    data = _bytes(
        locate(secret, environ), SECRET_LIMIT, forbidden=stat.S_IRWXO, remedy="anybody may read it; chmod o-rwx"
    )
    if not data.strip():
        raise Unfit("is empty")
    return data


def _bytes(path: Path, limit: int, *, forbidden: int, remedy: str) -> bytes:
    """Read a regular file whole. Opened without waiting: a FIFO in its place must not hold the agent up."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        with os.fdopen(descriptor, "rb") as stream:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise Unfit("is no regular file")
            if mode & forbidden:
                raise Unfit(remedy)
            data = stream.read(limit + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, Unfit):
            raise
        words = getattr(error, "strerror", None) or error
        raise Unfit(f"cannot be read: {words}", absent=isinstance(error, FileNotFoundError)) from error
    if len(data) > limit:
        raise Unfit(f"is larger than {limit} bytes")
    return data
