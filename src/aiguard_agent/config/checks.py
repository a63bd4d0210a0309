"""What one key alone cannot tell: keys that contradict each other, files that are not there, open doors."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from aiguard_agent.config.disk import Unfit, private, read_secret
from aiguard_agent.config.keys import Key, keys, value_of
from aiguard_agent.config.schema import Config
from aiguard_agent.config.values import ExistingDirectory, ExistingFile, Secret, SecretFile

Fault = tuple[str, str]
"""Name of a key, and what is wrong with it."""

_ORDER = (
    ("probe.request_timeout", "probe.total_timeout"),
    ("watch.listen_interval", "watch.reconcile_interval"),
    ("watch.reconcile_interval", "watch.full_reconcile_interval"),
    ("ledger.reserve", "ledger.size_cap"),
)
"""The first may not be larger than the second."""
_TOGETHER = (
    ("metrics.tls_cert_file", "metrics.tls_key"),
    ("metrics.basic_auth_user", "metrics.basic_auth_password"),
)
_PLACES = ("metrics.unix_socket", "metrics.textfile", "status.socket")
"""Paths that the agent itself makes; no two may be the same."""


def contradictions(config: Config) -> Iterator[Fault]:
    """Yield the keys that cannot hold together. Pure."""
    for small, large in _ORDER:
        if value_of(config, small) > value_of(config, large):
            shown = keys()[large].kind.show(value_of(config, large))
            yield small, f"is larger than {large}, which is {shown}"
    for one, other in _TOGETHER:
        for given, missing in ((one, other), (other, one)):
            if value_of(config, given) is not None and value_of(config, missing) is None:
                yield given, f"needs {missing} too"
    if config.metrics.client_ca_file is not None and config.metrics.tls_cert_file is None:
        yield "metrics.client_ca_file", "needs metrics.tls_cert_file too"
    seen: dict[str, str] = {}
    for name in _PLACES:
        path = value_of(config, name)
        if path is not None and path in seen:
            yield name, f"is the same path as {seen[path]}"
        seen[path] = name
    if config.metrics.textfile is not None and not config.metrics.textfile.endswith(".prom"):
        yield "metrics.textfile", "must end in `.prom`, or node_exporter does not read it"


def missing_files(config: Config, given: Collection[str], environ: Mapping[str, str]) -> Iterator[Fault]:
    """Yield the given keys whose file is not there, or is not as private as a secret must be. Reads the disk."""
    for key in (key for key in keys().values() if key.name in given):
        value = value_of(config, key.name)
        for index, one in enumerate(value if key.shape == "list" else [value]):
            if one is not None and (words := _unfit(key, one, environ)):
                yield f"{key.name}[{index}]" if key.shape == "list" else key.name, words


def open_doors(config: Config) -> tuple[str, ...]:
    """Return in words what is allowed but seldom meant. Pure."""
    metrics = config.metrics
    if metrics.listen is None or metrics.listen.loopback:
        return ()
    words = []
    known = metrics.basic_auth_user is not None or metrics.bearer_token is not None
    if not known and metrics.client_ca_file is None:
        words.append(f"metrics.listen: {metrics.listen} answers everybody who reaches it; no password, no token")
    if metrics.tls_cert_file is None:
        clear = "passwords and tokens cross" if known else "figures cross"
        words.append(f"metrics.listen: {clear} the network in clear; give tls_cert_file and tls_key")
    return tuple(words)


def _unfit(key: Key, value: Any, environ: Mapping[str, str]) -> str:
    """Say why a file does not do, "" when it does or the key names none."""
    try:
        if key.type is Secret:
            read_secret(value, environ)
        elif key.type is SecretFile:
            private(value, environ)
        elif key.type is ExistingFile and not Path(value).is_file():
            return f"{value}: there is no such file"
        elif key.type is ExistingDirectory and not Path(value).is_dir():
            return f"{value}: there is no such directory"
    except (Unfit, OSError) as error:
        return f"{value}: {getattr(error, 'strerror', None) or error}"
    return ""
