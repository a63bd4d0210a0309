"""The heuristic for model servers that no signature knows.

Runs models (a mapped library that does, or a GPU) + has weights (a model file, or GPU memory) + listens = a model
server, whatever it calls itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import Confidence, Evidence, Server
from aiguard_agent.core.facts import Process
from aiguard_agent.identify.loaded import loaded
from aiguard_agent.identify.naming import server_id
from aiguard_agent.identify.runtime import runs_models
from aiguard_agent.identify.view import View

PRODUCT = "unknown-model-server"


def unknown_servers(view: View, taken: set[int]) -> list[Server]:
    """Return one server for each unnamed process that looks like a model server, `taken` ones left out."""
    found: list[Server] = []
    for process in view.facts.processes:
        listeners = [listener for listener in view.listeners(process.pid) if listener.port]
        if process.pid in taken or process.state == "Z" or not listeners:
            continue
        runtime, weights = list(_runtime(view, process)), list(_weights(view, process))
        if not runtime or not weights or _has_taken_parent(view, process, found):
            continue
        container = view.container(process)
        models, _remote = loaded(view, (process,), None)
        evidence = [*runtime, *weights, _listening(process, len(listeners))]
        found.append(
            Server(
                id=server_id(PRODUCT, view.facts.hostname, process, listeners, container),
                product=PRODUCT,
                name="model server?",
                category="general-model-server",
                process=process,
                listeners=tuple(sorted(listeners, key=lambda x: (x.port, x.family, x.address))),
                models=models,
                container=container,
                isolated=process.netns in view.isolated,
                confidence=Confidence.MEDIUM if models else Confidence.LOW,
                evidence=tuple(sorted(evidence, key=lambda e: (-e.weight, e.what))),
            )
        )
    return found


def _runtime(view: View, process: Process) -> Iterator[Evidence]:
    if library := runs_models(process):
        yield Evidence(what=f"maps {library}", where=f"/proc/{process.pid}/maps", kind="library", weight=10)
    if process.pid in view.gpu:
        yield Evidence(what="holds a GPU", where=f"pid {process.pid}", kind="gpu", weight=10)


def _weights(view: View, process: Process) -> Iterator[Evidence]:
    for model in view.models_of.get(process.pid, ()):
        yield Evidence(
            what=f"holds {model.path} ({model.format})", where=f"/proc/{process.pid}/maps", kind="file", weight=20
        )
    if memory := view.gpu.get(process.pid, 0):
        yield Evidence(what=f"uses {memory >> 20} MiB of GPU memory", where=f"pid {process.pid}", kind="gpu", weight=20)


def _listening(process: Process, count: int) -> Evidence:
    return Evidence(what=f"listens on {count} socket(s)", where=f"pid {process.pid}", kind="listener", weight=5)


def _has_taken_parent(view: View, process: Process, found: list[Server]) -> bool:
    """A worker of one that was just found is not a second server."""
    heads = {server.process.pid for server in found}
    return any(ancestor.pid in heads for ancestor in view.ancestors(process))
