"""Turn one group of recognised files into the ModelFile that inventory, rules and reports speak of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aiguard_agent.core.assets import Evidence, ModelFile, ModelHeader
from aiguard_agent.core.facts import FileSeen
from aiguard_agent.identify.fingerprint import fingerprint, parameters
from aiguard_agent.identify.recognised import (
    SHARD,
    SNAPSHOT,
    Recognised,
    claimed_digest,
    folder_and_name,
    places,
    stored_digest,
)

EVIDENCE_FILES = 4
"""Parts that are told one by one; a model of 200 shards needs no 200 lines."""
OTHERS_WRITE = 0o002
STICKY = 0o1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The files of one model."""

    path: str
    """File or folder that stands for it."""
    main: tuple[Recognised, ...]
    """The weights that speak for it, in order; never empty."""
    extra: tuple[Recognised, ...] = ()
    """Its other known parts: config, tokenizer, index, copies of the weights in other formats."""
    files: tuple[FileSeen, ...] = ()
    """Its parts that no format knows."""
    missing: tuple[str, ...] = ()
    """Parts that it names and that were not seen."""
    kind: str = ""
    also: tuple[str, ...] = ()
    """Other folders with the same weights."""

    @property
    def paths(self) -> set[str]:
        """Host paths of its known parts."""
        return {one.path for one in (*self.main, *self.extra)}


def model_of(group: Group) -> ModelFile:
    """Return the model: what its headers, names and permissions say, and on what that rests."""
    headers = [one.header for one in group.main]
    told = [one.header for one in group.extra if one.header.role == "config"]
    seens = _unique([*(one.seen for one in (*group.main, *group.extra)), *group.files])
    first = group.main[0]
    size = sum(seen.size for seen in seens)
    digest = stored_digest(first.seen) if len(group.main) == 1 else ""
    print_ = _fingerprint(headers)
    aliases = _aliases(group, seens)
    # What describes the whole (config.json) outranks what the weights repeat of it.
    words = (*told, *headers)
    name = _name(group, headers, aliases)
    return ModelFile(
        id=_id(first.header.format, digest, print_, size, group.path),
        path=group.path,
        format=first.header.format,
        size=size,
        name=name,
        architecture=_first(header.architecture for header in words),
        parameters=_parameters(headers),
        quantization=_first(header.quantization for header in words),
        context_length=next((h.context_length for h in words if h.context_length), None),
        license=_first(header.license for header in words),
        base_model=_unless(_first(header.base_model for header in words), name),
        author=_first(header.author for header in words),
        source=_source(aliases, (*group.also, group.path)),
        sha256=digest,
        digest_claimed=bool(digest) and not first.seen.computed,
        fingerprint=print_,
        runs_code=any(header.runs_code for header in words),
        files=tuple(sorted(seen.path for seen in seens)),
        aliases=aliases,
        held_by=tuple(sorted({pid for seen in seens for pid in seen.held_by})),
        store=first.seen.store,
        user=first.seen.user,
        world_writable=any(seen.mode & OTHERS_WRITE for seen in seens),
        directory_world_writable=any(_anyone_may_swap(seen.directory_mode) for seen in seens),
        complete=not group.missing and all(header.complete for header in headers),
        evidence=_evidence(group),
    )


def _unique(seens: Iterable[FileSeen]) -> list[FileSeen]:
    return list({seen.path: seen for seen in seens}.values())


def _anyone_may_swap(mode: int) -> bool:
    # In a sticky folder (/tmp) anyone may add a file, but only the owner may replace one.
    return bool(mode & OTHERS_WRITE) and not mode & STICKY


def _first(words: Iterable[str]) -> str:
    return next((word for word in words if word), "")


def _unless(word: str, same: str) -> str:
    return "" if word == same else word


def _fingerprint(headers: Sequence[ModelHeader]) -> str:
    if len(headers) == 1:
        return headers[0].fingerprint
    if all(header.tensors for header in headers):
        return fingerprint({tensor for header in headers for tensor in header.tensors})
    prints = sorted(header.fingerprint for header in headers)
    if not all(prints):
        return ""
    # Without the tensors themselves the parts still make one identity, though not one that survives re-sharding.
    return hashlib.sha256("\n".join(prints).encode()).hexdigest()


def _parameters(headers: Sequence[ModelHeader]) -> int | None:
    if len(headers) > 1 and all(header.tensors for header in headers):
        return parameters({tensor for header in headers for tensor in header.tensors})
    counts = [header.parameters for header in headers if header.parameters is not None]
    return sum(counts) if len(counts) == len(headers) else None


def _aliases(group: Group, seens: Sequence[FileSeen]) -> tuple[str, ...]:
    spoken = {alias for one in group.main for alias in one.seen.aliases}
    if len(seens) > 1:
        # A bundle is known by its folder; the links to each of its parts would only be noise.
        spoken = {alias for alias in spoken if not alias.startswith("/")} | set(group.also)
    return tuple(sorted(spoken - {group.path}))


def _name(group: Group, headers: Sequence[ModelHeader], aliases: Sequence[str]) -> str:
    for alias in aliases:
        for scheme in ("ollama:", "hf:"):
            if alias.startswith(scheme):
                return alias.removeprefix(scheme).partition("@")[0]
    hub = _hub_name(group)
    if hub and group.kind == "huggingface":
        return hub
    return _first(header.name for header in headers) or hub or _stem(group)


def _hub_name(group: Group) -> str:
    for place in (f"{group.path}/", *places(group.main[0].seen)):
        match = SNAPSHOT.match(place)
        if match:
            repo = match["repo"].replace("--", "/", 1)
            # A component of a pipeline (`unet`) is a model of its own under the name of the whole.
            inner = match["rest"].strip("/") if group.kind == "huggingface" else ""
            return f"{repo}/{inner}" if inner else repo
    return ""


def _stem(group: Group) -> str:
    name = folder_and_name(group.path)[1]
    if "." not in name:
        name = next((folder_and_name(place)[1] for place in group.main[0].seen.aliases if place.startswith("/")), name)
    if group.kind == "sharded":
        match = SHARD.match(name)
        return match["stem"] if match else name.removesuffix(".json").removesuffix(".index").rpartition(".")[0]
    if group.kind == "huggingface":
        return name
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name


def _source(aliases: Sequence[str], paths: Sequence[str]) -> str:
    for alias in aliases:
        if alias.startswith(("hf:", "ollama:")):
            return alias
    for path in (*reversed(paths), *aliases):
        match = SNAPSHOT.match(path) or SNAPSHOT.match(f"{path}/")
        if match:
            return f"hf:{match['repo'].replace('--', '/', 1)}@{match['revision']}"
    return ""


def _id(format_name: str, digest: str, print_: str, size: int, path: str) -> str:
    if digest:
        return f"{format_name}-{digest[:12]}"
    basis = f"{print_}\0{size}" if print_ else path
    return f"{format_name}-{hashlib.sha256(basis.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def _evidence(group: Group) -> tuple[Evidence, ...]:
    lines = [Evidence(what=_seen_words(one.header), where=one.path, kind="file") for one in group.main[:EVIDENCE_FILES]]
    if len(group.main) > EVIDENCE_FILES:
        more = len(group.main) - EVIDENCE_FILES
        lines.append(Evidence(what=f"{more} more parts of the same kind", where=group.path, kind="file"))
    copies = [one for one in group.extra if one.header.format != group.main[0].header.format]
    lines.extend(Evidence(what=_seen_words(one.header), where=one.path, kind="file") for one in copies[:EVIDENCE_FILES])
    for one in (*group.main, *group.extra):
        lines.extend(Evidence(what=remark, where=one.path, kind="remark") for remark in one.header.remarks)
    lines.extend(Evidence(what=f"part not seen: {name}", where=group.path, kind="remark") for name in group.missing)
    lines.extend(Evidence(what=words, where=group.main[0].path, kind="remark") for words in _doubts(group.main[0].seen))
    return tuple(lines)


def _doubts(seen: FileSeen) -> Iterator[str]:
    """Say how far the digest can be believed: a store names files by it, and whoever may write there names them."""
    claimed = claimed_digest(seen.path)
    if not seen.computed and stored_digest(seen):
        yield "digest is the name its store keeps it under, not computed"
    elif seen.computed and claimed and claimed != seen.sha256:
        yield f"its store keeps it under another digest: sha256:{claimed}"


def _seen_words(header: ModelHeader) -> str:
    by = dict(header.extra).get("seen", "its own bytes")
    return f"{header.format} by {by}"
