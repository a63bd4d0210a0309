"""Weigh what speaks for one signature on one process.

Weights rank kinds of evidence (docs/signatures.md): content that only one product answers, then what the process
is, then what lies around it. A port adds nothing but order; a bare status code is not evidence at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from aiguard_agent.core.assets import Confidence, Evidence
from aiguard_agent.core.facts import Process
from aiguard_agent.identify.entry import Entry
from aiguard_agent.identify.patterns import search
from aiguard_agent.identify.view import View
from aiguard_agent.signatures.schema import ServerSignature

WEIGHTS = {
    "http": 100,
    "image": 70,
    "exe": 60,
    "module": 60,
    "path": 60,
    "cmdline": 45,
    "http-shared": 35,
    "package": 30,
    "exe-weak": 15,
    "library": 10,
}
NAMING = frozenset({"http", "image", "exe", "module", "path", "cmdline"})
"""Kinds that name a product on their own."""
SECOND = frozenset({"http-shared", "package", "library"})
"""Kinds that make a weak name count."""
EXACT = frozenset({"image", "exe", "module", "path"})
SHOWN = EXACT | {"cmdline", "exe-weak", "package"}
"""Kinds that the process itself shows, without being asked."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One signature that a process satisfies, and why."""

    signature: ServerSignature
    evidence: tuple[Evidence, ...]
    """Strongest first."""

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of evidence present."""
        return frozenset(item.kind for item in self.evidence)

    @property
    def rank(self) -> tuple[int, int]:
        """What decides between two products on one process: the strongest evidence, then all of it."""
        naming = [item.weight for item in self.evidence if item.kind in NAMING]
        return (max(naming, default=0), sum(item.weight for item in self.evidence))

    @property
    def confidence(self) -> Confidence:
        """HIGH needs two independent sides (what it is, what it answers or has installed)."""
        kinds = self.kinds
        exact, side = bool(kinds & EXACT), bool(kinds & {"package", "http-shared", "image"})
        if ("http" in kinds and kinds & SHOWN) or (exact and side):
            return Confidence.HIGH
        if exact or "http" in kinds or ("cmdline" in kinds and side):
            return Confidence.MEDIUM
        return Confidence.LOW


def hit_of(view: View, process: Process, signature: ServerSignature) -> Hit | None:
    """Return what speaks for `signature` on `process`, None when it does not name the product."""
    entry = view.entry(process)
    if signature.process.unless and any(search(pattern, entry.line) for pattern in signature.process.unless):
        return None
    found = [*_process(view, process, entry, signature), *_answers(view, process, signature)]
    kinds = {item.kind for item in found}
    if not (
        kinds & NAMING or ("exe-weak" in kinds and kinds & SECOND) or (signature.generic and "http-shared" in kinds)
    ):
        return None
    listens = any(listener.port for listener in view.listeners(process.pid))
    if (signature.process.listens == "yes" and not listens) or (signature.process.listens == "no" and listens):
        return None
    return Hit(signature, tuple(sorted(found, key=lambda item: (-item.weight, item.what))))


def leaning(view: View, process: Process, signature: ServerSignature) -> bool:
    """Tell whether the process itself points at the signature, a weak name included: worth asking its questions."""
    entry = view.entry(process)
    kinds = {item.kind for item in _process(view, process, entry, signature)}
    return bool(kinds & (NAMING | {"exe-weak"}))


def _process(view: View, process: Process, entry: Entry, signature: ServerSignature) -> Iterator[Evidence]:
    if entry.bystander:
        return
    place = f"/proc/{process.pid}"
    wanted = signature.process
    if names := _named(entry.names, wanted.exe):
        yield _found("exe", f"program is {names}", f"{place}/exe")
    if names := _named(entry.names, wanted.exe_weak):
        yield _found("exe-weak", f"program is {names}, a name others have too", f"{place}/exe")
    if entry.module and any(
        module_fits(entry.module, module) for module in (*wanted.python_module, *wanted.java_class)
    ):
        yield _found("module", f"runs {entry.module}", f"{place}/cmdline")
    for pattern in wanted.cmdline:
        if entry.line and (matched := search(pattern, entry.line)):
            yield _found("cmdline", f"command line has {matched.whole[:80]!r}", f"{place}/cmdline")
            break
    yield from _surroundings(view, process, entry, signature)


def _surroundings(view: View, process: Process, entry: Entry, signature: ServerSignature) -> Iterator[Evidence]:
    packages = signature.packages
    container = view.container(process)
    if container is not None and container.image and packages.image and not entry.daemon:
        image = image_name(container.image)
        if any(fnmatchcase(image, glob) for glob in packages.image):
            yield _found("image", f"container image is {container.image}", f"container {container.id[:12]}")
    for path in (process.exe or "", entry.script):
        if path and any(fnmatchcase(path, glob) for glob in packages.path):
            yield _found("path", f"program lies at {path}", f"/proc/{process.pid}/cmdline")
            break
    for ecosystem, names in (("pypi", packages.pip), ("npm", packages.npm)):
        for name in names:
            if package := view.package(process, ecosystem, name):
                yield _found("package", f"{package.name} {package.version} in its own environment", package.location)
                break
    for path in process.mapped if signature.libraries else ():
        if any(fnmatchcase(path.rpartition("/")[2], glob) for glob in signature.libraries):
            yield _found("library", f"maps {path.rpartition('/')[2]}", f"/proc/{process.pid}/maps")
            break


def _answers(view: View, process: Process, signature: ServerSignature) -> Iterator[Evidence]:
    for probe in signature.probes:
        if probe.match is None:
            continue
        for listener, answered in view.answers_of(process.pid):
            if answered.holds(probe, probe.match):
                answer = answered.of(probe)
                method, path = ("POST", probe.post) if probe.post else ("GET", probe.get)
                status = answer.status if answer is not None else 0
                kind = "http" if probe.rank == "unique" else "http-shared"
                yield _found(
                    kind,
                    f"{method} {path} {status}, as only it answers"
                    if kind == "http"
                    else f"{method} {path} {status}, as it answers",
                    socket_words(listener.address, listener.port),
                )
                break


def socket_words(address: str, port: int) -> str:
    """Return a socket as people write it."""
    return address if not port else f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def image_name(image: str) -> str:
    """Return a container image without registry default, tag and digest."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}".removeprefix("docker.io/").removeprefix("library/")


def image_tag(image: str) -> str:
    """Return the tag of a container image, "" when it has none."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def _found(kind: str, what: str, where: str) -> Evidence:
    return Evidence(what=what, where=where, kind=kind, weight=WEIGHTS[kind])


def _named(names: frozenset[str], wanted: tuple[str, ...]) -> str:
    for name in wanted:
        low = name.lower()
        if low in names or (len(low) > 15 and low[:15] in names):
            return name
    return ""


def module_fits(module: str, wanted: str) -> bool:
    """Tell whether a module is the wanted one, or lies in the wanted package (`vllm.*`)."""
    return module == wanted or (wanted.endswith(".*") and (module + ".").startswith(wanted[:-1]))
