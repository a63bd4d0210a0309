"""A scan as a change."""

from __future__ import annotations

from dataclasses import replace

from ledger_samples import finding

from aiguard_agent.core.assets import Estate, ModelFile, Server
from aiguard_agent.core.facts import Process
from aiguard_agent.core.report import ScanReport
from aiguard_agent.ledger.change import ModelSeen, change_of

MODEL = ModelFile(id="gguf:sha256:aa", path="/m.gguf", format="gguf", size=1, sha256="aa", fingerprint="ff")
SERVER = Server(
    id="ollama@h:1",
    product="ollama",
    name="Ollama",
    category="llm-server",
    process=Process(pid=1, start_ticks=1, started=1.0),
)


def test_a_scan_is_a_whole_change() -> None:
    """Servers, models, versions and findings of a scan are all in it, and what is not in it is gone."""
    estate = Estate(taken_at=7.0, hostname="h", servers=(SERVER,), models=(MODEL,))
    change = change_of(ScanReport(agent_version="1", estate=estate, findings=(finding(),)))

    assert (change.at, change.whole, change.findings) == (7.0, True, (finding(),))
    assert [(asset.id, asset.kind) for asset in change.assets] == [
        ("ollama@h:1", "server"),
        ("gguf:sha256:aa", "model"),
    ]
    assert change.models == (ModelSeen(place="/m.gguf", digest="aa", fingerprint="ff"),)


def test_a_claimed_digest_is_no_identity() -> None:
    """What a file is merely called says nothing about which bytes lie there."""
    estate = Estate(taken_at=7.0, hostname="h", models=(replace(MODEL, digest_claimed=True),))
    change = change_of(ScanReport(agent_version="1", estate=estate))

    assert change.models[0].identity == "fingerprint:ff"


def test_identities() -> None:
    """The digest before the fingerprint, and nothing when nothing was computed."""
    assert ModelSeen(place="p", digest="d", fingerprint="f").identity == "sha256:d"
    assert ModelSeen(place="p").identity == ""
