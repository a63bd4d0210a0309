"""The same numbers as a file, for node_exporter's textfile collector: for hosts that open no port."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from prometheus_client.core import Metric

from aiguard_agent.errors import UsageError
from aiguard_agent.metrics.exposition import render

MODE = 0o644
"""node_exporter runs as a user of its own."""


def write(path: Path, families: Iterable[Metric]) -> None:
    """Put the exposition in the file's place, whole or not at all; raises OSError, and UsageError for a wrong name.

    The name of the temporary file does not end in `.prom`, so a collector that looks at the wrong moment skips it.
    It is created anew (`O_EXCL`): whoever may write in the directory cannot lay a link in our way.
    """
    if path.suffix != ".prom":
        raise UsageError(f"{path}: node_exporter reads only files whose name ends in .prom")
    text = render(families)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), MODE)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove(path: Path) -> None:
    """Take the file away when the agent stops: node_exporter would tell its numbers for ever."""
    path.unlink(missing_ok=True)
