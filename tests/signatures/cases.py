"""Turn a signature case (a YAML value) into facts and answers: the little language of tests/signatures/servers.

What a case may say is in docs/signatures.md. Unknown keys are refused, so that a typo cannot make a case pass.
"""

from __future__ import annotations

import json
from typing import Any

from aiguard_agent.core.facts import (
    Container,
    Environment,
    HostFacts,
    Listener,
    Package,
    Process,
    Scope,
)
from aiguard_agent.core.probing import HttpAnswer, ProbeRequest, Target
from aiguard_agent.signatures.schema import ServerSignature

FIRST_PID = 1000
NETNS = 4026531840
PROCESS_KEYS = {
    "argv", "exe", "comm", "packages", "npm_packages", "mapped", "env", "image", "user", "parent", "listen", "cwd",
    "unit",
}  # fmt: skip
ANSWER_KEYS = {"get", "post", "status", "json", "body", "headers", "port"}
CASE_KEYS = {"name", "processes", "answers", "expect"}


def facts_of(case: dict[str, Any]) -> HostFacts:
    _only(case, CASE_KEYS, "case")
    processes, listeners, environments, containers = [], [], [], []
    for index, said in enumerate(case["processes"]):
        _only(said, PROCESS_KEYS, "process")
        pid = FIRST_PID + index
        processes.append(_process(pid, said))
        listeners += [_listener(pid, text) for text in said.get("listen", [])]
        if "packages" in said or "npm_packages" in said:
            environments.append(_environment(pid, said))
        if "image" in said:
            containers.append(Container(id=f"{index:064x}", image=said["image"], name=f"c{index}"))
    return HostFacts(
        taken_at=1.0,
        hostname="host",
        processes=tuple(processes),
        listeners=tuple(listeners),
        environments=tuple(environments),
        containers=tuple(containers),
    )


def answers_of(case: dict[str, Any], facts: HostFacts, signature: ServerSignature) -> tuple[HttpAnswer, ...]:
    """What the case says, and 404 for every other probe of the signature; nothing when the case has no answers."""
    if "answers" not in case:
        return ()
    tcp = [listener for listener in facts.listeners if listener.port]
    answers = []
    for said in case["answers"]:
        _only(said, ANSWER_KEYS, "answer")
        where = [x for x in tcp if x.port == said["port"]] if "port" in said else tcp[:1]
        assert where, f"no listener for answer {said}"
        answers.append(_answer(where[0], said))
    told = {(a.request.method, a.request.path, a.target.port) for a in answers}
    for listener in tcp:
        for probe in signature.probes:
            key = ("POST", probe.post) if probe.post else ("GET", probe.get)
            if (*key, listener.port) not in told:
                answers.append(_answer(listener, {"post" if probe.post else "get": key[1], "status": 404}))
                told.add((*key, listener.port))
    return tuple(answers)


def _process(pid: int, said: dict[str, Any]) -> Process:
    argv = tuple(str(word) for word in said["argv"])
    parent = said.get("parent")
    return Process(
        pid=pid,
        start_ticks=pid,
        started=1.0,
        ppid=1 if parent is None else FIRST_PID + parent,
        comm=said.get("comm", argv[0].rpartition("/")[2])[:15] if argv else said.get("comm", ""),
        argv=argv,
        exe=said.get("exe", argv[0] if argv and argv[0].startswith("/") else f"/usr/bin/{argv[0]}" if argv else ""),
        cwd=said.get("cwd", "/"),
        user=said.get("user", "alice"),
        uid=1000,
        unit=said.get("unit", ""),
        container=f"{pid - FIRST_PID:064x}" if "image" in said else "",
        netns=NETNS,
        env=tuple((key, str(value)) for key, value in said.get("env", {}).items()),
        inspected=True,
        mapped=tuple(said.get("mapped", ())),
        environments=(f"env{pid}",),
    )


def _listener(pid: int, text: str) -> Listener:
    address, _colon, port = text.rpartition(":")
    address = address.strip("[]")
    any_address = address in {"0.0.0.0", "::"}
    return Listener(
        family="tcp6" if ":" in address else "tcp4",
        address=address,
        port=int(port),
        scope=Scope.ANY if any_address else Scope.LOOPBACK,
        netns=NETNS,
        inode=pid * 100_000 + int(port),
        pid=pid,
        pids=(pid,),
    )


def _environment(pid: int, said: dict[str, Any]) -> Environment:
    packages = [
        Package(ecosystem=ecosystem, name=name, version=str(version), location=f"/env{pid}/{name}")
        for ecosystem, key in (("pypi", "packages"), ("npm", "npm_packages"))
        for name, version in said.get(key, {}).items()
    ]
    return Environment(key=f"env{pid}", kind="venv", packages=tuple(packages))


def _answer(listener: Listener, said: dict[str, Any]) -> HttpAnswer:
    body = json.dumps(said["json"]) if "json" in said else said.get("body", "")
    target = Target(
        pid=listener.pid or 0,
        start_ticks=listener.pid or 0,
        netns=listener.netns,
        family=listener.family,
        address=listener.address,
        port=listener.port,
    )
    request = ProbeRequest(path=said.get("get") or said["post"], method="POST" if "post" in said else "GET")
    headers = tuple((name.lower(), value) for name, value in said.get("headers", {}).items())
    return HttpAnswer(
        target=target, request=request, status=said.get("status", 200), headers=headers, body=body.encode()
    )


def _only(value: dict[str, Any], keys: set[str], what: str) -> None:
    unknown = set(value) - keys
    assert not unknown, f"unknown {what} key {sorted(unknown)}, known are {sorted(keys)}"
