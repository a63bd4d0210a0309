"""A model in a format that can run code when it is loaded."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import Confidence, Estate, Evidence, ModelFile, Server
from aiguard_agent.core.finding import ApprovalState, Maturity, Severity
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import approve_command, holders, model_title, state_of, who


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit every model whose ordinary loading can run what it brings along."""
    held = holders(estate)
    for model in estate.models:
        if not model.runs_code:
            continue
        servers = tuple(held.get(model.id, ()))
        yield Hit(
            subject=model.id,
            title=f"model {model_title(model)} can run code when it is loaded{_use(model, servers)}",
            severity=_severity(model, servers, state_of(known, model.id)),
            evidence=tuple(_evidence(model, servers)),
            remedy=(
                "convert it to safetensors or gguf",
                f"if it is trusted, pin its digest: {approve_command(model.id)}",
            ),
        )


def _use(model: ModelFile, servers: tuple[Server, ...]) -> str:
    if servers:
        return f", and {who(servers[0])} has it"
    return f", and pid {model.held_by[0]} holds it" if model.held_by else ""


def _severity(model: ModelFile, servers: tuple[Server, ...], state: ApprovalState) -> Severity:
    if not (servers or model.held_by):
        return Severity.LOW
    return Severity.MEDIUM if state is ApprovalState.APPROVED else Severity.HIGH


def _evidence(model: ModelFile, servers: tuple[Server, ...]) -> Iterator[Evidence]:
    yield Evidence(what=f"content is {model.format}", where=model.path, kind="file")
    for server in servers[:3]:
        yield Evidence(what=f"in use by {who(server)}", where=f"/proc/{server.process.pid}", kind="process")
    yield from model.evidence[:3]


RULE = Rule(
    id="code-on-load",
    title="A format that runs code",
    description=(
        "Pickles, TorchScript, Keras lambdas and the like run instructions of the file's author when they are loaded "
        "the ordinary way. High when a server holds or names the file, medium when that file is approved, low while "
        "it lies in a store. That the format can is said here; whether this file does is another question."
    ),
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    maturity=Maturity.STABLE,
    remedy=("convert it to safetensors or gguf",),
    atlas=("AML.T0011.000", "AML.T0018.002"),
    owasp=("LLM03", "LLM04"),
    check=check,
)
