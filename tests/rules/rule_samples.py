"""Run one rule over a small estate."""

from __future__ import annotations

from dataclasses import replace

from asset_samples import SERVER, estate

from aiguard_agent.core.assets import Auth, AuthState, Estate, Evidence, ModelFile, Server
from aiguard_agent.core.facts import Listener, Scope
from aiguard_agent.core.finding import Finding
from aiguard_agent.inventory.match import match_estate
from aiguard_agent.inventory.schema import ApprovedModel, ApprovedServer, Inventory, Waiver
from aiguard_agent.policy.judge import judge
from aiguard_agent.policy.rule import Known, Rule

TODAY = "2026-06-01"
APPROVED = Inventory(servers=(ApprovedServer(product="ollama"),), file="i.yaml", server_lines=(4,))


def inventory(*entries: ApprovedModel | ApprovedServer | Waiver) -> Inventory:
    """Return an inventory that holds these entries."""
    return Inventory(
        models=tuple(entry for entry in entries if isinstance(entry, ApprovedModel)),
        servers=tuple(entry for entry in entries if isinstance(entry, ApprovedServer)),
        waivers=tuple(entry for entry in entries if isinstance(entry, Waiver)),
    )


def findings(
    rule: Rule,
    *assets: Server | ModelFile,
    given: Inventory | None = None,
    host: Estate | None = None,
    today: str = TODAY,
) -> tuple[Finding, ...]:
    """Judge with one rule."""
    seen = host if host is not None else estate(*assets)
    approvals = match_estate(given, seen, today=today)
    return judge(seen, Known(inventory=given, inventory_path="i.yaml", approvals=approvals, today=today), [rule])


def only(rule: Rule, *assets: Server | ModelFile, given: Inventory | None = None) -> Finding:
    """Return the one finding there is."""
    (found,) = findings(rule, *assets, given=given)
    return found


def server_at(
    scope: Scope | None, state: AuthState = AuthState.UNKNOWN, *routes: str, server: Server = SERVER
) -> Server:
    """Return a server with that reach and that grade."""
    addresses = {Scope.ANY: "0.0.0.0", Scope.PUBLIC: "8.8.8.8", Scope.PRIVATE: "10.0.0.5", Scope.UNIX: "/run/o.sock"}
    listener = Listener(
        family="tcp4", address=addresses.get(scope, "127.0.0.1"), port=11434, scope=scope or Scope.LOOPBACK
    )
    seen = (Evidence(what="GET /api/tags 200 without a key", where="127.0.0.1:11434", kind="http"),)
    auth = Auth(state=state, open_routes=routes, evidence=seen if state is not AuthState.UNKNOWN else ())
    return replace(server, listeners=(listener,) if scope else (), auth=auth)


def run_by(server: Server, **changes: object) -> Server:
    """Return the server with another process."""
    return replace(server, process=replace(server.process, **changes))  # type: ignore[arg-type]  # named by the caller
