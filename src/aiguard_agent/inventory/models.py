"""Is this model approved, and by which clause? Pure.

    digest  >  structural fingerprint  >  id, name, source, claimed digest  >  path

A digest that was not computed, but read off a file name, is a name: whoever wrote the file chose it.
An approved name with another digest is never approved by something weaker: that is what a swapped model looks like.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from posixpath import basename

from aiguard_agent.core.assets import ModelFile
from aiguard_agent.core.finding import Approval, ApprovalState
from aiguard_agent.inventory.globs import fits, is_exact, unliteral
from aiguard_agent.inventory.schema import ApprovedModel, Inventory, texts
from aiguard_agent.inventory.terms import expired


class Strength(IntEnum):
    """What a model clause rests on, strongest first."""

    DIGEST = 0
    FINGERPRINT = 1
    PINNED_NAME_OTHER_DIGEST = 2
    NAME = 3
    FINGERPRINT_OTHER_DIGEST = 4
    GLOB_OTHER_DIGEST = 5
    PATH = 6
    PATH_OTHER_DIGEST = 7


NOT_COMPARED = "digest not compared"
"""Stands in a clause when the entry gives digests, but the model's own was not computed."""
_SWAPPED = frozenset(strength for strength in Strength if strength.name.endswith("OTHER_DIGEST"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    strength: Strength
    index: int
    by: str
    deviations: tuple[str, ...] = ()


def match_models(inventory: Inventory, models: Iterable[ModelFile], *, today: str = "") -> dict[str, Approval]:
    """Answer for each model, by its id; `today` (ISO date) ends expired approvals."""
    index = _index(inventory.models)
    return {model.id: _decide(inventory, _fits(inventory, index, model, today)) for model in models}


def unseen_models(inventory: Inventory, models: Iterable[ModelFile]) -> tuple[int, ...]:
    """Return the positions of entries that mean no model of this host."""
    index = _index(inventory.models)
    seen = {fit.index for model in models for fit in _fits(inventory, index, model, "")}
    return tuple(position for position in range(len(inventory.models)) if position not in seen)


@dataclass(slots=True)
class _Index:
    """Entries by what they name exactly, and those with patterns: thousands of models against as many entries."""

    exact: dict[str, list[int]] = field(default_factory=dict)
    patterns: list[int] = field(default_factory=list)


def _index(entries: Sequence[ApprovedModel]) -> _Index:
    index = _Index()
    for position, entry in enumerate(entries):
        globs = [glob for glob in (entry.name, entry.source, entry.path) if glob is not None]
        if not all(is_exact(glob) for glob in globs):
            index.patterns.append(position)
        digests = (_hex(digest) for digest in (*texts(entry.sha256), *texts(entry.fingerprint)))
        for key in {*digests, *texts(entry.id), *(unliteral(glob) for glob in globs)}:
            index.exact.setdefault(key, []).append(position)
    return index


def _fits(inventory: Inventory, index: _Index, model: ModelFile, today: str) -> list[_Fit]:
    keys = {_hex(model.sha256), _hex(model.fingerprint), model.id, *_names(model), *sources(model), *_paths(model)}
    found = {position for key in keys for position in index.exact.get(key, ())} | set(index.patterns)
    return [fit for position in sorted(found) if (fit := _fit(inventory.models[position], position, model, today))]


def _names(model: ModelFile) -> tuple[str, ...]:
    return (model.name, *(basename(path) for path in _paths(model)))


def _paths(model: ModelFile) -> tuple[str, ...]:
    return (model.path, *model.aliases)


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:").lower()


def _decide(inventory: Inventory, found: Sequence[_Fit]) -> Approval:
    """Take the strongest clean clause; a swapped digest ends the search, milder deviations do not."""
    drifted: _Fit | None = None
    for fit in sorted(found, key=lambda fit: (fit.strength, fit.index)):
        if not fit.deviations:
            return _approval(inventory, fit, ApprovalState.APPROVED)
        if fit.strength in _SWAPPED:
            # A swap is told before a wrong licence or date, unless the very digest is known and only ran out.
            drifted = drifted if drifted and drifted.strength is Strength.DIGEST else fit
            break
        drifted = drifted or fit
    if drifted is None:
        return Approval(state=ApprovalState.SHADOW)
    return _approval(inventory, drifted, ApprovalState.DRIFTED)


def _approval(inventory: Inventory, fit: _Fit, state: ApprovalState) -> Approval:
    clause = inventory.clause("models", fit.index)
    name, _, place = clause.partition(" ")
    return Approval(state=state, clause=f"{name} by {fit.by} {place}".rstrip(), deviations=fit.deviations)


def _fit(entry: ApprovedModel, index: int, model: ModelFile, today: str) -> _Fit | None:
    """Say how one entry fits one model, None when it is about something else."""
    digests = {_hex(digest) for digest in texts(entry.sha256)}
    prints = {_hex(digest) for digest in texts(entry.fingerprint)}
    ended = expired(entry.expires, today)
    same_digest = bool(model.sha256) and _hex(model.sha256) in digests
    if same_digest and not model.digest_claimed:
        return _Fit(strength=Strength.DIGEST, index=index, by="sha256", deviations=ended)
    same_print = bool(model.fingerprint) and _hex(model.fingerprint) in prints
    other_digest = bool(model.sha256 and digests) and not same_digest
    other_print = bool(model.fingerprint and prints) and not same_print
    changes = (*_changes(entry, model, other_digest, other_print), *_terms(entry, model), *ended)
    if same_print and not other_digest:
        return _Fit(strength=Strength.FINGERPRINT, index=index, by="fingerprint", deviations=changes)
    swapped = other_digest or other_print
    unsure = f", {NOT_COMPARED}" if (digests or prints) and not swapped else ""
    named = ("sha256 as its store names it", True) if same_digest else _named(entry, model)
    if named:
        pinned = Strength.PINNED_NAME_OTHER_DIGEST if named[1] else Strength.GLOB_OTHER_DIGEST
        strength = pinned if swapped else Strength.NAME
        return _Fit(strength=strength, index=index, by=named[0] + unsure, deviations=changes)
    if same_print:
        return _Fit(strength=Strength.FINGERPRINT_OTHER_DIGEST, index=index, by="fingerprint", deviations=changes)
    if entry.path is not None and fits(entry.path, *_paths(model)):
        strength = Strength.PATH_OTHER_DIGEST if swapped else Strength.PATH
        return _Fit(strength=strength, index=index, by=f"path{unsure}", deviations=changes)
    return None


def _named(entry: ApprovedModel, model: ModelFile) -> tuple[str, bool] | None:
    """Return by which name the entry means this model, and whether it could mean that one only."""
    if entry.id is not None and entry.id == model.id:
        return "id", True
    if entry.name is not None and fits(entry.name, *_names(model)):
        return "name", is_exact(entry.name)
    if entry.source is not None and fits(entry.source, *sources(model)):
        return "source", is_exact(entry.source)
    return None


def sources(model: ModelFile) -> tuple[str, ...]:
    """Return where a model came from, with and without its revision."""
    bare, at, _ = model.source.rpartition("@")
    return (model.source, bare) if at else (model.source,)


def _changes(entry: ApprovedModel, model: ModelFile, digest: bool, fingerprint: bool) -> Iterator[str]:
    if digest:
        yield f"digest sha256:{_hex(model.sha256)} is not the approved one (sha256:{_hex(texts(entry.sha256)[0])})"
    if fingerprint:
        yield f"fingerprint {_hex(model.fingerprint)} is not the approved one ({_hex(texts(entry.fingerprint)[0])})"


def _terms(entry: ApprovedModel, model: ModelFile) -> Iterator[str]:
    if entry.format is not None and entry.format != model.format:
        yield f"format {model.format} is not {entry.format}"
    if entry.license is not None and model.license and not fits(entry.license, model.license):
        yield f"license {model.license} is not {entry.license}"


def title_of_entry(entry: ApprovedModel) -> str:
    """Name an entry in words that do not change with its position, and that hardly two entries share."""
    digests = [f"sha256:{_hex(digest)[:12]}" for digest in texts(entry.sha256)]
    prints = [f"fingerprint:{_hex(digest)[:12]}" for digest in texts(entry.fingerprint)]
    named = [text for text in (entry.name, entry.id, entry.source, entry.path) if text]
    return " ".join((*named[:1], *(digests or prints)[:1])) or "without a name"
