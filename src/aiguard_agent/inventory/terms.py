"""Is an approved server as it was approved? Each deviation in a sentence; its first word is its topic. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from posixpath import basename

from aiguard_agent.core.assets import AuthState, ModelFile, ModelRef, Server
from aiguard_agent.core.facts import Scope
from aiguard_agent.inventory.globs import fits
from aiguard_agent.inventory.reach import ORDER, endpoint, scope_of, unchosen
from aiguard_agent.inventory.schema import ApprovedServer, Bind
from aiguard_agent.inventory.versions import within

_AUTH = (AuthState.NONE, AuthState.SELF_REGISTRATION, AuthState.PARTIAL, AuthState.REQUIRED)
"""Weak to strong; `unknown` has no place, so it never counts as a deviation."""


def deviations_of_server(entry: ApprovedServer, server: Server, files: Mapping[str, ModelFile]) -> tuple[str, ...]:
    """Say all that is not as approved, dates aside; `files` are the host's models by id."""
    return (
        *_version(entry, server),
        *_bind(entry, server),
        *_auth(entry, server),
        *_models(entry, server, files),
        *_user(entry, server),
        *_ports(entry, server),
    )


def expired(expires: date | None, today: str) -> tuple[str, ...]:
    """Say that an approval has ended; the day it names is the last good one, and without a date nothing ends."""
    if expires is None or not today or today <= expires.isoformat():
        return ()
    return (f"approval ended on {expires.isoformat()}",)


def _version(entry: ApprovedServer, server: Server) -> Iterator[str]:
    if entry.version is None or not server.version:
        return
    inside = within(server.version, entry.version)
    if inside is None:
        yield f"version {server.version} cannot be compared with {entry.version}"
    elif not inside:
        yield f"version {server.version} is outside {entry.version}"


def _bind(entry: ApprovedServer, server: Server) -> Iterator[str]:
    if entry.bind is None:
        return
    if isinstance(entry.bind, Bind):
        allowed = set(ORDER[: ORDER.index(Scope(entry.bind.value)) + 1])
        words = entry.bind.value
    else:
        allowed = {Scope.UNIX, *(Scope(bind.value) for bind in entry.bind)}
        words = ", ".join(bind.value for bind in entry.bind)
    for listener in server.listeners:
        scope = scope_of(server, listener)
        if scope not in allowed:
            yield f"bind {endpoint(listener)} ({scope.value}) is wider than {words}"


def _auth(entry: ApprovedServer, server: Server) -> Iterator[str]:
    if entry.auth is None or server.auth.state not in _AUTH:
        return
    if _AUTH.index(server.auth.state) < _AUTH.index(AuthState(entry.auth)):
        yield f"auth {server.auth.state.value} is weaker than {entry.auth}"


def _models(entry: ApprovedServer, server: Server, files: Mapping[str, ModelFile]) -> Iterator[str]:
    if not entry.models:
        return
    for ref in server.models:
        if not lists(entry, ref, files.get(ref.model_id)):
            yield f"model {ref.name} is not on its list"
    for name in server.remote_models:
        if not any(fits(pattern, name) for pattern in entry.models):
            yield f"model {name} (remote) is not on its list"


def lists(entry: ApprovedServer, ref: ModelRef, file: ModelFile | None) -> bool:
    """Tell whether a server's own list of models covers one that it has."""
    names = [ref.name, ref.path, basename(ref.path)]
    if file is not None:
        names += [file.name, file.path, basename(file.path), file.source, file.source.rpartition("@")[0]]
    return any(pattern == "*" or fits(pattern, *names) for pattern in entry.models)


def _user(entry: ApprovedServer, server: Server) -> Iterator[str]:
    if entry.user is not None and entry.user not in (server.process.user, str(server.process.uid)):
        yield f"user {server.process.user or server.process.uid} is not {entry.user}"


def _ports(entry: ApprovedServer, server: Server) -> Iterator[str]:
    for listener in server.listeners:
        if entry.ports and listener.port and listener.port not in entry.ports and not unchosen(server, listener):
            yield f"port {listener.port} is not among {', '.join(map(str, entry.ports))}"
