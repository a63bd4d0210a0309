"""Which models a server has: files it holds, files its command line names, names it answers with."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import replace

from aiguard_agent.core.assets import ModelFile, ModelRef
from aiguard_agent.core.facts import REDACTED, Process
from aiguard_agent.identify.view import View
from aiguard_agent.signatures.schema import ModelReader, ServerSignature

ANSWERED_LIMIT = 200
"""Models of one server that are listed by name."""


def loaded(
    view: View, members: Sequence[Process], signature: ServerSignature | None, speakers: Sequence[Process] = ()
) -> tuple[tuple[ModelRef, ...], tuple[str, ...]]:
    """Return (models, those among them that are passed on to somebody else's cloud).

    Files count whoever of the members holds them; command lines and environments only of the `speakers`, since the
    flags of an engine below mean something else.
    """
    references: dict[str, ModelRef] = {}
    for reference in _held(view, members):
        references.setdefault(reference.model_id, reference)
    remote: list[str] = []
    for reader in signature.models if signature else ():
        if reader.probe and signature:
            for name, digest, elsewhere in _answered(view, members, signature, reader):
                remote += [name] if elsewhere else []
                _add(references, _linked(view, members, ModelRef(name=name, via="http", digest=digest)))
        for name, via in (*_from_argv(speakers, reader), *_from_env(speakers, reader)):
            _add(references, _linked(view, members, ModelRef(name=name, via=via)))
    return tuple(references.values())[:ANSWERED_LIMIT], tuple(dict.fromkeys(remote))


def _add(references: dict[str, ModelRef], new: ModelRef) -> None:
    """Keep one reference a model; a name that the server gives beats the file's own, the path is kept."""
    key = new.model_id or new.name
    old = references.get(key)
    if old is None:
        references[key] = new
    elif new.via == "http" and old.via != "http":
        references[key] = replace(old, name=new.name, digest=new.digest or old.digest)


def _held(view: View, members: Sequence[Process]) -> Iterator[ModelRef]:
    for process in members:
        mapped = set(process.mapped)
        for model in view.models_of.get(process.pid, ()):
            names = {model.path, *model.files, *model.aliases}
            via = "mapped" if names & mapped else "opened"
            yield ModelRef(name=model.name or _stem(model.path), via=via, path=model.path, model_id=model.id)


def _answered(
    view: View, members: Sequence[Process], signature: ServerSignature, reader: ModelReader
) -> Iterator[tuple[str, str, bool]]:
    probe = next(probe for probe in signature.probes if probe.id == reader.probe)
    paths = {"name": reader.json, "digest": reader.digest, "remote": reader.remote}
    for process in members:
        for _listener, answered in view.answers_of(process.pid):
            for row in answered.rows(probe, paths):
                if row["name"]:
                    yield row["name"], row.get("digest", ""), bool(row.get("remote"))


def _from_argv(members: Sequence[Process], reader: ModelReader) -> Iterator[tuple[str, str]]:
    for process in members:
        words = process.argv
        for index, word in enumerate(words):
            flag, equals, value = word.partition("=")
            if flag in reader.argv:
                value = value if equals else words[index + 1] if index + 1 < len(words) else ""
                if value and not value.startswith("-") and value != REDACTED:
                    yield value, "argv"
            if word in reader.after and index + 1 < len(words) and not words[index + 1].startswith("-"):
                yield words[index + 1], "argv"


def _from_env(members: Sequence[Process], reader: ModelReader) -> Iterator[tuple[str, str]]:
    for process in members:
        for name, value in process.env:
            if name in reader.env and value and value != REDACTED:
                yield value, "env"


def _linked(view: View, members: Sequence[Process], reference: ModelRef) -> ModelRef:
    """Find the file that a name means; the name stays as it was given."""
    digest = reference.digest.removeprefix("sha256:")
    wanted = set(_spellings(reference.name, members))
    for model in view.models:
        same = bool(digest) and model.sha256 == digest
        named = bool(wanted & {model.path, *model.aliases, *model.files}) or model.source.partition("@")[0] in wanted
        if same or (named and _in_reach(view, members, model)):
            return replace(reference, path=model.path, model_id=model.id)
    return reference


def _in_reach(view: View, members: Sequence[Process], model: ModelFile) -> bool:
    """Two containers may both have a /models/a.gguf: a file that only others hold is not the one that is meant."""
    holders = [view.processes[pid] for pid in model.held_by if pid in view.processes]
    places = {process.container for process in members}
    return not holders or any(holder.container in places for holder in holders)


def _spellings(name: str, members: Sequence[Process]) -> Iterator[str]:
    """A path as given and resolved against each member's folder, inside its container too; hub and Ollama names."""
    yield name
    yield f"hf:{name}"
    yield f"ollama:{name}"
    for process in members:
        if name.startswith("/") or (process.cwd and "/" in name) or _has_ending(name):
            path = posixpath.normpath(posixpath.join(process.cwd or "/", name))
            yield path
            if process.container:
                yield f"{process.container}:{path}"


def _has_ending(name: str) -> bool:
    return "." in name.rpartition("/")[2]


def _stem(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def held_models(view: View, members: Sequence[Process]) -> tuple[ModelFile, ...]:
    """Return the model files that the processes hold, each once."""
    found = {model.id: model for process in members for model in view.models_of.get(process.pid, ())}
    return tuple(found.values())
