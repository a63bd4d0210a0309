"""Run signature cases: YAML values that say what a host shows and what must be made of it.

    - name: started by its console script
      processes:                       # the first is the subject
        - {argv: [/v/bin/python, /v/bin/vllm, serve, m], packages: {vllm: 0.10.11}, listen: ['0.0.0.0:8000']}
      answers:                         # absent = nothing was asked; paths not named answer 404
        - {get: /version, json: {version: 0.10.11}}
      expect: {product: vllm, version: 0.10.11, auth: none}     # product: null = must not be named

docs/signatures.md has the whole language. Unknown keys are refused, so that a typo cannot make a case pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from aiguard_agent.core.assets import Server
from aiguard_agent.core.facts import Container, Environment, HostFacts, Listener, Package, Process, Scope
from aiguard_agent.core.probing import HttpAnswer, ProbeRequest, Target
from aiguard_agent.errors import DocumentError
from aiguard_agent.identify.index import Index
from aiguard_agent.identify.servers import identify_servers
from aiguard_agent.identify.view import View
from aiguard_agent.signatures.schema import ServerSignature

FIRST_PID = 1000
NETNS = 4026531840


class CaseProcess(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One process of a case."""

    argv: tuple[str | int | float, ...]
    exe: str | None = None
    comm: str | None = None
    packages: dict[str, str | int | float] = {}
    npm_packages: dict[str, str | int | float] = {}
    mapped: tuple[str, ...] = ()
    env: dict[str, str | int | float] = {}
    image: str = ""
    user: str = "alice"
    parent: int | None = None
    listen: tuple[str, ...] = ()
    cwd: str = "/"
    unit: str = ""


class CaseAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one socket answers to one request."""

    get: str = ""
    post: str = ""
    status: int = 200
    json: Any = None
    body: str = ""
    headers: dict[str, str] = {}
    port: int = 0
    """0 = the first listener."""


class Expectation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What must come out; keys left out are not compared."""

    product: str | None
    version: str | int | float | None = None
    auth: str | None = None
    models: tuple[str, ...] | None = None
    open_routes: tuple[str, ...] | None = None
    category: str | None = None
    confidence: str | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One situation and what must be made of it."""

    name: str
    processes: tuple[CaseProcess, ...]
    answers: tuple[CaseAnswer, ...] | None = None
    expect: Expectation


def parse_cases(document: object, where: str) -> tuple[Case, ...]:
    """Return the cases of a parsed YAML document; raises DocumentError."""
    try:
        return msgspec.convert(document, tuple[Case, ...])
    except msgspec.ValidationError as error:
        raise DocumentError([f"{where}: {error}"]) from error


def failures(case: Case, signature: ServerSignature, index: Index) -> list[str]:
    """Return what differs from the expectation, in words; empty when the case holds."""
    server = subject(case, signature, index)
    expect = case.expect
    if server is None or server.product != expect.product:
        got = "nothing" if server is None else f"{server.product} ({server.evidence[0].what})"
        return [] if server is None and expect.product is None else [f"named {got}, expected {expect.product}"]
    told: dict[str, Any] = {
        "version": server.version,
        "auth": str(server.auth.state),
        "models": tuple(sorted(model.name for model in server.models)),
        "open_routes": tuple(sorted(server.auth.open_routes)),
        "category": server.category,
        "confidence": server.confidence.word,
    }
    problems = []
    for key, got in told.items():
        wanted = getattr(expect, key)
        wanted = tuple(sorted(wanted)) if isinstance(wanted, tuple) else None if wanted is None else str(wanted)
        if wanted is not None and wanted != got:
            problems.append(f"{key} is {got!r}, expected {wanted!r}")
    return problems


def subject(case: Case, signature: ServerSignature, index: Index) -> Server | None:
    """Return the server that the case's first process became a part of."""
    facts = facts_of(case)
    servers = identify_servers(View(facts, answers_of(case, facts, signature)), index)
    return next((server for server in servers if FIRST_PID in {server.process.pid, *server.children}), None)


def facts_of(case: Case) -> HostFacts:
    """Return the host that the case describes."""
    numbered = list(enumerate(case.processes))
    return HostFacts(
        taken_at=1.0,
        hostname="host",
        processes=tuple(_process(FIRST_PID + i, said) for i, said in numbered),
        listeners=tuple(_listener(FIRST_PID + i, text) for i, said in numbered for text in said.listen),
        environments=tuple(_environment(FIRST_PID + i, said) for i, said in numbered),
        containers=tuple(Container(id=f"{i:064x}", image=s.image, name=f"c{i}") for i, s in numbered if s.image),
    )


def answers_of(case: Case, facts: HostFacts, signature: ServerSignature) -> tuple[HttpAnswer, ...]:
    """Return what the case says, and 404 for every other probe of the signature; nothing when nothing was asked."""
    if case.answers is None:
        return ()
    tcp = [listener for listener in facts.listeners if listener.port]
    answers = [_answer(_socket(tcp, said, case.name), said) for said in case.answers]
    told = {(answer.request.method, answer.request.path, answer.target.port) for answer in answers}
    for listener in tcp:
        for probe in signature.probes:
            method, path = ("POST", probe.post) if probe.post else ("GET", probe.get)
            if (method, path, listener.port) not in told:
                told.add((method, path, listener.port))
                answers.append(_answer(listener, CaseAnswer(get=probe.get, post=probe.post, status=404)))
    return tuple(answers)


def _socket(listeners: Sequence[Listener], said: CaseAnswer, case: str) -> Listener:
    found = [listener for listener in listeners if said.port in {0, listener.port}]
    if not found:
        raise DocumentError([f"case {case!r}: no listener for the answer to {said.get or said.post}"])
    return found[0]


def _process(pid: int, said: CaseProcess) -> Process:
    argv = tuple(str(word) for word in said.argv)
    zeroth = argv[0] if argv else ""
    default_exe = zeroth if zeroth.startswith("/") else f"/usr/bin/{zeroth}"
    return Process(
        pid=pid,
        start_ticks=pid,
        started=1.0,
        ppid=1 if said.parent is None else FIRST_PID + said.parent,
        comm=(said.comm if said.comm is not None else zeroth.rpartition("/")[2])[:15],
        argv=argv,
        exe=said.exe if said.exe is not None else default_exe,
        cwd=said.cwd,
        user=said.user,
        uid=1000,
        unit=said.unit,
        container=f"{pid - FIRST_PID:064x}" if said.image else "",
        netns=NETNS,
        env=tuple((key, str(value)) for key, value in said.env.items()),
        inspected=True,
        mapped=said.mapped,
        environments=(f"env{pid}",),
    )


def _listener(pid: int, text: str) -> Listener:
    address, _colon, port = text.rpartition(":")
    address = address.strip("[]")
    wildcard = address in {"0.0.0.0", "::"}  # noqa: S104 - a word of the case, nothing is bound
    return Listener(
        family="tcp6" if ":" in address else "tcp4",
        address=address,
        port=int(port),
        scope=Scope.ANY if wildcard else Scope.LOOPBACK,
        netns=NETNS,
        inode=pid * 100_000 + int(port),
        pid=pid,
        pids=(pid,),
    )


def _environment(pid: int, said: CaseProcess) -> Environment:
    packages = (*_packages(pid, "pypi", said.packages), *_packages(pid, "npm", said.npm_packages))
    return Environment(key=f"env{pid}", kind="venv", packages=packages)


def _packages(pid: int, ecosystem: str, said: Mapping[str, object]) -> Iterable[Package]:
    for name, version in said.items():
        yield Package(ecosystem=ecosystem, name=name, version=str(version), location=f"/env{pid}/{name}")


def _answer(listener: Listener, said: CaseAnswer) -> HttpAnswer:
    body = said.body.encode() if said.json is None else msgspec.json.encode(said.json)
    target = Target(
        pid=listener.pid or 0,
        start_ticks=listener.pid or 0,
        netns=listener.netns,
        family=listener.family,
        address=listener.address,
        port=listener.port,
    )
    request = ProbeRequest(path=said.get or said.post, method="POST" if said.post else "GET")
    headers = tuple((name.lower(), value) for name, value in said.headers.items())
    return HttpAnswer(target=target, request=request, status=said.status, headers=headers, body=body)
