"""Write a first inventory from what is on a host now, for a person to read, cut down and sign; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aiguard_agent.core.assets import AuthState, ModelFile, Server
from aiguard_agent.core.facts import Scope
from aiguard_agent.core.report import ScanReport
from aiguard_agent.inventory.entries import comment, lines, model_pairs, server_pairs
from aiguard_agent.inventory.reach import endpoint, reach

_HEAD = """\
# Approved AI on {host}. Every key is explained in docs/inventory.md.
# Written by `aiguard-agent inventory init` from what was here: it describes, it does not judge.
# Delete what nobody should run, put a name under `approved_by`, then check it: aiguard-agent inventory check
version: 1
"""
_WAIVERS = """
# Findings that somebody decided to live with, each with a reason and a last day:
#   - rule: runs-as-root
#     subject: "ollama@*"
#     reason: moves to its own account with the next release
#     by: alice
#     until: 2030-01-31
waivers: []
"""


def init(report: ScanReport, *, by: str = "") -> str:
    """Return the text of an inventory that approves the present estate as it is; `by` signs every entry."""
    estate = report.estate
    servers = (_server(server, by, estate.hostname) for server in sorted(estate.servers, key=lambda one: one.id))
    models = (_model(model, by) for model in sorted(estate.models, key=lambda one: (one.path, one.id)))
    head = _HEAD.format(host=comment(estate.hostname) or "this host")
    return head + _section("servers", servers) + _section("models", models) + _WAIVERS


def _section(name: str, entries: Iterable[str]) -> str:
    body = "".join(entries)
    return f"\n{name}:\n{body}" if body else f"\n{name}: []\n"


def _server(server: Server, by: str, hostname: str) -> str:
    seen = " · ".join(comment(part) for part in _server_words(server))
    return f"  # {seen}\n" + lines(server_pairs(server, by=by, hostname=hostname), indent=2)


def _server_words(server: Server) -> Iterator[str]:
    yield f"{server.id}"
    yield f"version {server.version}" if server.version else "version unknown"
    yield ", ".join(endpoint(listener) for listener in server.listeners[:4]) or "no listener"
    if reach(server) in (Scope.ANY, Scope.PUBLIC) and server.auth.state is not AuthState.REQUIRED:
        yield "LOOK: reachable from outside, and nothing shows that it asks for a key"
    elif server.auth.state in (AuthState.NONE, AuthState.SELF_REGISTRATION):
        yield "LOOK: open to everybody who reaches it"


def _model(model: ModelFile, by: str) -> str:
    seen = " · ".join(comment(part) for part in _model_words(model) if part)
    return f"  # {seen}\n" + lines(model_pairs(model, by=by), indent=2)


def _model_words(model: ModelFile) -> Iterator[str]:
    yield model.path
    yield model.source
    yield f"license {model.license}" if model.license else ""
    yield "LOOK: loading it can run code it brings along" if model.runs_code else ""
    if not model.sha256 and not model.fingerprint:
        yield "LOOK: no digest, so whatever lies at this path is approved"
