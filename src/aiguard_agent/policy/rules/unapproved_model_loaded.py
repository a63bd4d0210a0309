"""An approved server that has a model nobody approved for it."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import Confidence, Estate, Evidence, ModelFile, ModelRef, Server
from aiguard_agent.core.finding import ApprovalState, Maturity, Severity
from aiguard_agent.inventory.globs import fits
from aiguard_agent.inventory.match import about
from aiguard_agent.inventory.schema import ApprovedServer, Inventory, texts
from aiguard_agent.inventory.terms import lists
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import SHOWN, approve_command, state_of, who

_NAMED = (ApprovalState.APPROVED, ApprovalState.DRIFTED)


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit every approved server with a model that neither its own list nor the approved models cover."""
    if known.inventory is None:
        return
    files = {model.id: model for model in estate.models}
    for server in estate.servers:
        if state_of(known, server.id) not in _NAMED:
            continue
        entry = _entry(known.inventory, known.approvals[server.id].clause)
        strangers = [ref for ref in server.models if not _allowed(entry, ref, files.get(ref.model_id), known)]
        strangers += _remote(entry, server)
        if strangers:
            yield _hit(server, strangers, about(known.approvals[server.id], "model"))


def _hit(server: Server, strangers: list[ModelRef], deviations: tuple[str, ...]) -> Hit:
    names = list(dict.fromkeys(ref.name for ref in strangers))
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    approve = dict.fromkeys(approve_command(ref.model_id) for ref in strangers if ref.model_id)
    return Hit(
        subject=server.id,
        title=f"{who(server)} is approved, but has models that are not: {', '.join(names[:3])}{rest}",
        evidence=(
            *(
                Evidence(
                    what=f"has {ref.name} ({ref.via})", where=ref.path or f"/proc/{server.process.pid}", kind="model"
                )
                for ref in strangers[:SHOWN]
            ),
            *(Evidence(what=words, where="inventory", kind="inventory") for words in deviations[:SHOWN]),
        ),
        remedy=(
            *list(approve)[:3],
            "add the name to `models:` of the server's entry",
            "remove the model from the server",
        ),
    )


def _entry(inventory: Inventory, clause: str) -> ApprovedServer | None:
    """Return the entry that a clause (`servers[2] by …`) names."""
    index = clause.removeprefix("servers[").split("]", 1)[0]
    return inventory.servers[int(index)] if index.isdigit() and int(index) < len(inventory.servers) else None


def _allowed(entry: ApprovedServer | None, ref: ModelRef, file: ModelFile | None, known: Known) -> bool:
    if entry is not None and "*" in entry.models:
        return True
    state = state_of(known, file.id) if file is not None else None
    if state is ApprovalState.DRIFTED:
        return False
    if entry is not None and entry.models:
        return lists(entry, ref, file)
    if file is not None:
        return state is ApprovalState.APPROVED
    return _by_name(known, ref)


def _by_name(known: Known, ref: ModelRef) -> bool:
    """Look a model without a file up by what the server calls it, its digest first."""
    models = known.inventory.models if known.inventory is not None else ()
    digest = ref.digest.removeprefix("sha256:").lower()
    if digest and any(digest in texts(model.sha256) for model in models):
        return True
    return any(fits(glob, ref.name, f"ollama:{ref.name}") for one in models for glob in (one.name, one.source) if glob)


def _remote(entry: ApprovedServer | None, server: Server) -> list[ModelRef]:
    """Return remote models that the server's own list leaves out; without a list see remote-model."""
    if entry is None or not entry.models:
        return []
    return [
        ModelRef(name=name, via="remote")
        for name in server.remote_models
        if not any(fits(pattern, name) for pattern in entry.models)
    ]


RULE = Rule(
    id="unapproved-model-loaded",
    title="An unapproved model in an approved server",
    description=(
        "The server is in the inventory, but it has, or says it has, a model that is not: not on the server's own "
        '`models` list where there is one, else not among the approved models. `models: ["*"]` allows a server '
        "whatever it likes. One finding per server, which lists the models."
    ),
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    maturity=Maturity.STABLE,
    remedy=("aiguard-agent inventory approve ID", "remove the model from the server"),
    atlas=("AML.T0010.003",),
    owasp=("LLM03",),
    check=check,
)
