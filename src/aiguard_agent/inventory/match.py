"""Is this asset approved, and by which clause? Pure.

    models    digest  >  structural fingerprint  >  id, name, source  >  path
    servers   product and all that narrows it (id, name, host, unit, container); then user, ports, version, bind,
              auth, models and date say whether it is as approved

An approved name with another digest is never approved by something weaker: that is what a swapped model looks like.
Each deviation is a sentence whose first word says what it is about (`version …`, `bind …`), see `about`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from posixpath import basename

from aiguard_agent.core.assets import Estate, ModelFile, Server
from aiguard_agent.core.finding import Approval, ApprovalState
from aiguard_agent.inventory.globs import fits, is_exact
from aiguard_agent.inventory.schema import ApprovedModel, ApprovedServer, Inventory, texts
from aiguard_agent.inventory.terms import deviations_of_server


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


_SWAPPED = frozenset(strength for strength in Strength if strength.name.endswith("OTHER_DIGEST"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    strength: Strength
    index: int
    by: str
    deviations: tuple[str, ...] = ()


def match_estate(inventory: Inventory | None, estate: Estate, *, today: str) -> dict[str, Approval]:
    """Answer for every asset of a host; without an inventory, that there is none."""
    if inventory is None:
        nothing = Approval(state=ApprovalState.NO_INVENTORY)
        return {asset.id: nothing for asset in (*estate.models, *estate.servers)}
    return {
        **match_models(inventory, estate.models, today=today),
        **match_servers(inventory, estate.servers, estate.models, hostname=estate.hostname, today=today),
    }


def about(approval: Approval, *topics: str) -> tuple[str, ...]:
    """Return the deviations whose first word is one of `topics`."""
    return tuple(words for words in approval.deviations if words.split(" ", 1)[0] in topics)


# --- models ---------------------------------------------------------------------------------------------------


def match_models(inventory: Inventory, models: Iterable[ModelFile], *, today: str = "") -> dict[str, Approval]:
    """Answer for each model, by its id; `today` (ISO date) ends expired approvals."""
    by_digest = _index(inventory.models)
    return {model.id: _model_approval(inventory, model, by_digest, today) for model in models}


def _index(entries: Sequence[ApprovedModel]) -> Mapping[str, Sequence[int]]:
    """Return the entries by digest and fingerprint: ten thousand models against as many entries stay quick."""
    found: dict[str, list[int]] = {}
    for position, entry in enumerate(entries):
        for digest in {*texts(entry.sha256), *texts(entry.fingerprint)}:
            found.setdefault(_hex(digest), []).append(position)
    return found


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:").lower()


def _model_approval(
    inventory: Inventory, model: ModelFile, by_digest: Mapping[str, Sequence[int]], today: str
) -> Approval:
    direct = by_digest.get(_hex(model.sha256), ()) if model.sha256 else ()
    fits_found = [fit for index in direct if (fit := _fit(inventory.models[index], index, model, today))]
    clean = any(fit.strength is Strength.DIGEST and not fit.deviations for fit in fits_found)
    if not clean:
        # A digest that is approved as it should be settles it; only otherwise every entry is looked at.
        fits_found = [fit for index, entry in enumerate(inventory.models) if (fit := _fit(entry, index, model, today))]
    return _decide(inventory, fits_found)


def _decide(inventory: Inventory, found: Sequence[_Fit]) -> Approval:
    """Take the strongest clean clause; a swapped digest ends the search, milder deviations do not."""
    drifted: _Fit | None = None
    for fit in sorted(found, key=lambda fit: (fit.strength, fit.index)):
        if not fit.deviations:
            return _approval(inventory, fit, ApprovalState.APPROVED)
        if fit.strength in _SWAPPED:
            drifted = fit
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
    expired = _expired(entry, today)
    if model.sha256 and _hex(model.sha256) in digests:
        return _Fit(strength=Strength.DIGEST, index=index, by="sha256", deviations=expired)
    same_print = bool(model.fingerprint) and _hex(model.fingerprint) in prints
    other_digest = bool(model.sha256 and digests)
    other_print = bool(model.fingerprint and prints) and not same_print
    changes = (*_changes(entry, model, other_digest, other_print), *_terms(entry, model), *expired)
    if same_print and not other_digest:
        return _Fit(strength=Strength.FINGERPRINT, index=index, by="fingerprint", deviations=changes)
    named = _named(entry, model)
    if named:
        swapped = other_digest or other_print
        pinned = Strength.PINNED_NAME_OTHER_DIGEST if named[1] else Strength.GLOB_OTHER_DIGEST
        unsure = ", digest not compared" if digests and not swapped else ""
        strength = pinned if swapped else Strength.NAME
        return _Fit(strength=strength, index=index, by=named[0] + unsure, deviations=changes)
    if same_print:
        return _Fit(strength=Strength.FINGERPRINT_OTHER_DIGEST, index=index, by="fingerprint", deviations=changes)
    if entry.path is not None and fits(entry.path, model.path, *model.aliases):
        swapped = other_digest or other_print
        strength = Strength.PATH_OTHER_DIGEST if swapped else Strength.PATH
        unsure = ", digest not compared" if digests and not swapped else ""
        return _Fit(strength=strength, index=index, by=f"path{unsure}", deviations=changes)
    return None


def _named(entry: ApprovedModel, model: ModelFile) -> tuple[str, bool] | None:
    """Return by which name the entry means this model, and whether it could mean that one only."""
    if entry.id is not None and entry.id == model.id:
        return "id", True
    names = (model.name, *(basename(path) for path in (model.path, *model.aliases)))
    if entry.name is not None and fits(entry.name, *names):
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


def _expired(entry: ApprovedModel | ApprovedServer, today: str) -> tuple[str, ...]:
    if entry.expires is None or not today or today <= entry.expires.isoformat():
        return ()
    return (f"approval ended on {entry.expires.isoformat()}",)


# --- servers --------------------------------------------------------------------------------------------------


def match_servers(
    inventory: Inventory,
    servers: Iterable[Server],
    models: Iterable[ModelFile],
    *,
    hostname: str = "",
    today: str = "",
) -> dict[str, Approval]:
    """Answer for each server, by its id. Of several entries that mean it, the one with the fewest deviations."""
    files = {model.id: model for model in models}
    return {server.id: _server_approval(inventory, server, files, hostname, today) for server in servers}


def _server_approval(
    inventory: Inventory, server: Server, files: Mapping[str, ModelFile], hostname: str, today: str
) -> Approval:
    best: tuple[int, int, str, tuple[str, ...]] | None = None
    for index, entry in enumerate(inventory.servers):
        by = means(entry, server, hostname)
        if not by:
            continue
        deviations = (*deviations_of_server(entry, server, files), *_expired(entry, today))
        if best is None or len(deviations) < best[0]:
            best = (len(deviations), index, by, deviations)
    if best is None:
        return Approval(state=ApprovalState.SHADOW)
    _, index, by, deviations = best
    name, _, place = inventory.clause("servers", index).partition(" ")
    state = ApprovalState.DRIFTED if deviations else ApprovalState.APPROVED
    return Approval(state=state, clause=f"{name} by {by} {place}".rstrip(), deviations=deviations)


def means(entry: ApprovedServer, server: Server, hostname: str = "") -> str:
    """Say by what the entry means this server (`product and unit`), "" when it means another one."""
    container = server.container
    held: dict[str, tuple[str | None, tuple[str, ...]]] = {
        "product": (entry.product, (server.product,)),
        "id": (entry.id, (server.id,)),
        "name": (entry.name, (server.name,)),
        "host": (entry.host, (hostname,)),
        "unit": (entry.unit, (server.process.unit,)),
        "container": (entry.container, (container.name, container.image, container.id) if container else ()),
    }
    asked = {key: (pattern, values) for key, (pattern, values) in held.items() if pattern is not None}
    if not all(pattern is not None and fits(pattern, *values) for pattern, values in asked.values()):
        return ""
    return " and ".join(asked)


# --- the other way round --------------------------------------------------------------------------------------


def unseen(inventory: Inventory, estate: Estate) -> tuple[tuple[str, str], ...]:
    """Return what was approved but is not here: the clause, and words for it that do not change with its position.

    A server entry that names other hosts only is not missed on this one.
    """
    missing: list[tuple[str, str]] = []
    for index, entry in enumerate(inventory.models):
        if not any(_fit(entry, index, model, "") for model in estate.models):
            missing.append((inventory.clause("models", index), f"model {_title(entry)}"))
    for index, server in enumerate(inventory.servers):
        if server.host is not None and not fits(server.host, estate.hostname):
            continue
        if not any(means(server, seen, estate.hostname) for seen in estate.servers):
            narrowed = (server.id, server.name, server.host, server.unit, server.container)
            words = " ".join(("server", server.product, *(text for text in narrowed if text)))
            missing.append((inventory.clause("servers", index), words))
    return tuple(missing)


def _title(entry: ApprovedModel) -> str:
    named = (entry.name, entry.id, entry.source, entry.path)
    digests = (f"sha256:{_hex(digest)}" for digest in texts(entry.sha256))
    prints = (f"fingerprint:{_hex(digest)}" for digest in texts(entry.fingerprint))
    return next((text for text in (*named, *digests, *prints) if text), "without a name")
