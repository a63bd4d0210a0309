"""Small assets for the tests of the inventory."""

from __future__ import annotations

from dataclasses import replace

from aiguard_agent.core.assets import Auth, AuthState, Estate, ModelFile, Server
from aiguard_agent.core.facts import Listener, Process, Scope

D1, D2, D3 = "a" * 64, "b" * 64, "c" * 64
F1, F2 = "1" * 64, "2" * 64

MODEL = ModelFile(
    id="m1",
    path="/models/llama.gguf",
    format="gguf",
    size=1000,
    name="llama3.1:8b",
    source="hf:meta-llama/Llama-3.1-8B@0e9e39f",
    sha256=D1,
    fingerprint=F1,
)
SERVER = Server(
    id="ollama@gpu-07:11434",
    product="ollama",
    name="Ollama",
    category="llm-server",
    process=Process(pid=4121, start_ticks=77, started=1.0, user="bob", uid=1001, unit="ollama.service"),
    listeners=(Listener(family="tcp4", address="127.0.0.1", port=11434),),
    version="0.14.2",
    auth=Auth(state=AuthState.NONE),
)


def listening(server: Server, address: str, scope: Scope, port: int = 11434) -> Server:
    """Return the server bound elsewhere."""
    return replace(server, listeners=(Listener(family="tcp4", address=address, port=port, scope=scope),))


def estate(*assets: Server | ModelFile) -> Estate:
    """Return a host that holds these assets."""
    return Estate(
        taken_at=0.0,
        hostname="gpu-07",
        servers=tuple(asset for asset in assets if isinstance(asset, Server)),
        models=tuple(asset for asset in assets if isinstance(asset, ModelFile)),
    )
