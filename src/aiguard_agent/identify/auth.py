"""Grade how open a server is to somebody without credentials; not a yes or no."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aiguard_agent.core.assets import Auth, AuthState, Evidence
from aiguard_agent.core.facts import Listener, Process
from aiguard_agent.core.probing import HttpAnswer
from aiguard_agent.identify.answers import Answered
from aiguard_agent.identify.entry import line_of
from aiguard_agent.identify.evidence import socket_words
from aiguard_agent.identify.patterns import search
from aiguard_agent.identify.view import View
from aiguard_agent.signatures.schema import AuthReader, Probe, ServerSignature


def grade(view: View, members: Sequence[Process], signature: ServerSignature) -> Auth:
    """Return the grade: the first reader that holds decides; open routes beside a required key make it partial."""
    sockets = [pair for process in members for pair in view.answers_of(process.pid)]
    probes = {probe.id: probe for probe in signature.probes}
    for reader in signature.auth:
        evidence = _holds(reader, probes, members, sockets)
        if evidence is None:
            continue
        state = AuthState(reader.state)
        if state is AuthState.PARTIAL:
            return Auth(state=state, open_routes=_route(probes, reader), evidence=(evidence,))
        if state is AuthState.REQUIRED:
            return _with_open_routes(evidence, [probes[name] for name in signature.open_routes], sockets)
        return Auth(state=state, evidence=(evidence,))
    return _from_refusals(signature, sockets)


def _with_open_routes(why: Evidence, routes: Sequence[Probe], sockets: Sequence[tuple[Listener, Answered]]) -> Auth:
    found = []
    for probe in routes:
        for listener, answered in sockets:
            answer = answered.of(probe)
            if answer is not None and answer.status == 200:
                found.append((probe.get, _said(listener, answer, "answers without a key")))
                break
    if not found:
        return Auth(state=AuthState.REQUIRED, evidence=(why,))
    routes_open = tuple(path for path, _evidence in found)
    return Auth(state=AuthState.PARTIAL, open_routes=routes_open, evidence=(why, *(e for _path, e in found)))


def _holds(
    reader: AuthReader,
    probes: dict[str, Probe],
    members: Sequence[Process],
    sockets: Sequence[tuple[Listener, Answered]],
) -> Evidence | None:
    if reader.always:
        return Evidence(what=reader.note or "the product has no authentication", where="signature", kind="product")
    if reader.argv:
        for process in members:
            if matched := search(reader.argv, line_of(process.argv)):
                return Evidence(
                    what=f"started with {matched.whole.strip()[:80]!r}",
                    where=f"/proc/{process.pid}/cmdline",
                    kind="argv",
                )
        return None
    if reader.env:
        return _environment(reader, members)
    probe = probes.get(reader.probe)
    if probe is None or reader.when is None:
        return None
    for listener, answered in sockets:
        answer = answered.of(probe)
        if answer is not None and answered.holds(probe, reader.when):
            return _said(listener, answer, reader.note or "without credentials")
    return None


def _environment(reader: AuthReader, members: Sequence[Process]) -> Evidence | None:
    for process in members:
        value = dict(process.env).get(reader.env)
        if value is not None and search(reader.env_value, value):
            return Evidence(what=f"{reader.env} is set", where=f"/proc/{process.pid}/environ", kind="env")
    return None


def _from_refusals(signature: ServerSignature, sockets: Sequence[tuple[Listener, Answered]]) -> Auth:
    """Without a reader that holds: a server that refuses every probe it was asked does require something."""
    refused = list(_refusals(signature, sockets))
    if refused and not any(_opened(signature, answered) for _listener, answered in sockets):
        return Auth(state=AuthState.REQUIRED, evidence=(refused[0],))
    return Auth()


def _refusals(signature: ServerSignature, sockets: Sequence[tuple[Listener, Answered]]) -> Iterator[Evidence]:
    for listener, answered in sockets:
        for probe in signature.probes:
            answer = answered.of(probe)
            if answer is not None and answer.status in {401, 403}:
                yield _said(listener, answer, "without credentials")


def _opened(signature: ServerSignature, answered: Answered) -> bool:
    answers = [answered.of(probe) for probe in signature.probes]
    return any(answer is not None and answer.status == 200 for answer in answers)


def _route(probes: dict[str, Probe], reader: AuthReader) -> tuple[str, ...]:
    return (probes[reader.probe].get,) if reader.probe else ()


def _said(listener: Listener, answer: HttpAnswer, words: str) -> Evidence:
    request = answer.request
    return Evidence(
        what=f"{request.method} {request.path} {answer.status}, {words}",
        where=socket_words(listener.address, listener.port),
        kind="http",
    )
