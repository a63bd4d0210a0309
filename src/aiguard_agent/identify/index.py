"""Which signatures could be about a process at all: look up instead of trying every one.

`hit_of` decides; this only leaves out what cannot hit, and a test holds that it leaves out nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from aiguard_agent.core.facts import Process
from aiguard_agent.identify.answers import key_of
from aiguard_agent.identify.entry import Entry, entry_of
from aiguard_agent.identify.evidence import image_name, module_fits
from aiguard_agent.identify.patterns import SHORTEST, required, search
from aiguard_agent.identify.view import View
from aiguard_agent.signatures.schema import ServerSignature

REMEMBERED = 65_536
"""Processes whose look-up is remembered, by exe, argv and comm."""
SHORT_LINE = 400
"""Characters up to which cutting a line into letters is cheaper than looking for every literal in it."""


class Index:
    """The signatures of one scan, by what shows them; built once, never changed."""

    def __init__(self, signatures: Iterable[ServerSignature]) -> None:
        self.signatures = tuple(signatures)
        self._names: dict[str, list[int]] = {}
        self._asked: dict[tuple[str, str], list[int]] = {}
        for number, signature in enumerate(self.signatures):
            for name in (*signature.process.exe, *signature.process.exe_weak):
                for spelled in {name.lower(), name.lower()[:15] if len(name) > 15 else name.lower()}:
                    self._names.setdefault(spelled, []).append(number)
            for probe in signature.probes:
                if probe.match is not None:
                    self._asked.setdefault(key_of(probe), []).append(number)
        numbered = list(enumerate(self.signatures))
        self._lines = Lines((pattern, n) for n, s in numbered for pattern in s.process.cmdline)
        self._modules = [(m, n) for n, s in numbered for m in (*s.process.python_module, *s.process.java_class)]
        self._paths = [(longest_literal(glob), glob, n) for n, s in numbered for glob in s.packages.path]
        self._shown: dict[tuple[object, ...], frozenset[int]] = {}
        self._images = [(glob, n) for n, s in numbered for glob in s.packages.image]

    def shown(self, process: Process, entry: Entry | None = None) -> frozenset[int]:
        """Return the numbers of the signatures that the process itself points at, weak names included."""
        entry = entry or entry_of(process)
        key = (process.exe, process.argv, process.comm, entry.bystander)
        known = self._shown.get(key)
        if known is None:
            if len(self._shown) >= REMEMBERED:
                self._shown.clear()
            known = self._shown[key] = frozenset(self._look_up(process, entry))
        return known

    def _look_up(self, process: Process, entry: Entry) -> set[int]:
        if entry.bystander:
            return set()
        found = {number for name in entry.names for number in self._names.get(name, ())}
        found |= self._lines.matching(entry.line)
        if entry.module:
            found |= {number for module, number in self._modules if module_fits(entry.module, module)}
        return found | self._placed(process, entry)

    def candidates(self, view: View, process: Process) -> tuple[ServerSignature, ...]:
        """Return the signatures that may hit: shown by the process, its image, or what its sockets answered."""
        found = set(self.shown(process, view.entry(process)))
        container = view.container(process)
        if container is not None and container.image and self._images:
            image = image_name(container.image)
            found |= {number for glob, number in self._images if fnmatchcase(image, glob)}
        for _listener, answered in view.answers_of(process.pid):
            found |= {number for key in answered.replied for number in self._asked.get(key, ())}
        return tuple(self.signatures[number] for number in sorted(found))

    def _placed(self, process: Process, entry: Entry) -> set[int]:
        places = [path for path in (process.exe or "", entry.script) if path]
        found = set()
        for literal, glob, number in self._paths:
            if any(literal in path and fnmatchcase(path, glob) for path in places):
                found.add(number)
        return found


class Lines:
    """Command-line patterns, found by three letters of a text that each of them needs."""

    def __init__(self, patterns: Iterable[tuple[str, int]]) -> None:
        self._all = tuple(patterns)
        self._always = [(pattern, number) for pattern, number in self._all if not required(pattern)]
        self._by_letters: dict[str, list[tuple[str, int]]] = {}
        for pattern, number in self._all:
            if literal := required(pattern):
                self._by_letters.setdefault(literal[:SHORTEST], []).append((pattern, number))

    def matching(self, line: str) -> set[int]:
        """Return the numbers of the patterns that match."""
        if not line:
            return set()
        candidates = self._all
        if len(line) <= SHORT_LINE:
            letters = {line[i : i + SHORTEST] for i in range(len(line) - SHORTEST + 1)}
            found = [item for three in letters & self._by_letters.keys() for item in self._by_letters[three]]
            candidates = (*self._always, *found)
        return {number for pattern, number in candidates if search(pattern, line)}


def longest_literal(glob: str) -> str:
    """Return the longest text of a glob that every match has in it."""
    return max(re.split(r"[*?]|\[[^\]]*\]", glob), key=len)
