"""The facts of one look, indexed: who is whose child, who owns which socket, what was answered there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aiguard_agent.core.assets import ModelFile
from aiguard_agent.core.facts import Container, HostFacts, Listener, Package, Process
from aiguard_agent.core.probing import HttpAnswer
from aiguard_agent.identify.answers import Answered
from aiguard_agent.identify.entry import Entry, entry_of, well_placed
from aiguard_agent.identify.runtime import runs_models

SocketKey = tuple[int | None, str, str, int]
"""(network namespace, family, address, port)."""


class View:
    """Everything that naming servers looks at; built once per look, never changed."""

    def __init__(self, facts: HostFacts, answers: Iterable[HttpAnswer] = (), models: Iterable[ModelFile] = ()) -> None:
        self.facts = facts
        self.models = tuple(models)
        self.processes = {process.pid: process for process in facts.processes}
        self.containers = {container.id: container for container in facts.containers}
        self._packages = {env.key: {(p.ecosystem, p.name): p for p in env.packages} for env in facts.environments}
        self.gpu = {use.pid: use.memory for gpu in facts.gpus for use in gpu.used_by}
        self._listeners: dict[int, list[Listener]] = {}
        for listener in facts.listeners:
            for pid in listener.pids or ((listener.pid,) if listener.pid is not None else ()):
                self._listeners.setdefault(pid, []).append(listener)
        self.models_of: dict[int, list[ModelFile]] = {}
        for model in self.models:
            for pid in model.held_by:
                self.models_of.setdefault(pid, []).append(model)
        grouped: dict[SocketKey, list[HttpAnswer]] = {}
        for answer in answers:
            target = answer.target
            grouped.setdefault((target.netns, target.family, target.address, target.port), []).append(answer)
        self._answered = {key: Answered(items) for key, items in grouped.items()}
        self._nothing = Answered(())
        self.isolated = {space.inode for space in facts.namespaces if space.isolated}

    def listeners(self, pid: int) -> list[Listener]:
        """Return the listening sockets that a process holds."""
        return self._listeners.get(pid, [])

    def answered(self, listener: Listener) -> Answered:
        """Return what was answered at a socket; empty when nothing was asked."""
        key = (listener.netns, listener.family, listener.address, listener.port)
        return self._answered.get(key, self._nothing)

    def answers_of(self, pid: int) -> Iterator[tuple[Listener, Answered]]:
        """Yield (socket, answers) of all sockets of a process that were asked something."""
        for listener in self.listeners(pid):
            answered = self.answered(listener)
            if answered:
                yield listener, answered

    def entry(self, process: Process) -> Entry:
        """Return the names of a process; a harmless one is believed unless it does what a model server does.

        `/tmp/sshd` that listens, or a `vim` that maps a model runtime and listens, is looked at like any other: even
        /usr/bin/vim may be another program in a mount namespace of its user's own making.
        """
        entry = entry_of(process)
        if not (entry.bystander or entry.daemon) or not any(listener.port for listener in self.listeners(process.pid)):
            return entry
        suspect = not well_placed(process) or process.pid in self.gpu or bool(runs_models(process))
        return entry_of(process, believed=False) if suspect else entry

    def container(self, process: Process) -> Container | None:
        """Return the container a process runs in; with its id alone when the runtime told us nothing."""
        if not process.container:
            return None
        return self.containers.get(process.container) or Container(id=process.container)

    def package(self, process: Process, ecosystem: str, name: str) -> Package | None:
        """Return a package of the process's own environments, the nearest first."""
        for key in process.environments:
            found = self._packages.get(key, {}).get((ecosystem, name))
            if found is not None:
                return found
        return None

    def has_packages(self, process: Process, ecosystem: str) -> bool:
        """Tell whether any package of that kind was read in the process's own environments."""
        return any(eco == ecosystem for key in process.environments for eco, _name in self._packages.get(key, {}))

    def ancestors(self, process: Process) -> Iterator[Process]:
        """Yield parent, grandparent, …; ends at a loop, which a racing /proc can show."""
        seen = {process.pid}
        parent = self.processes.get(process.ppid)
        while parent is not None and parent.pid not in seen:
            seen.add(parent.pid)
            yield parent
            parent = self.processes.get(parent.ppid)
