"""Unite the files of one model: a Hugging Face folder, its shards, a SavedModel, a checkpoint, a package.

recognised files ──> groups (each knows its weights, its other parts, what is missing) ──> ModelFile
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from aiguard_agent.core.assets import ModelFile
from aiguard_agent.core.facts import FileSeen
from aiguard_agent.identify.asset import Group, model_of
from aiguard_agent.identify.recognised import SHARD, Recognised, folder_and_name, places

__all__ = ["Recognised", "build_models"]

PAPERS = frozenset({"config", "tokenizer", "shard-index", "manifest"})
"""Roles that only speak about a model; all others hold its numbers."""
COMMON_WEIGHT_STEMS = (
    "model",
    "pytorch_model",
    "tf_model",
    "flax_model",
    "adapter_model",
    "diffusion_pytorch_model",
    "consolidated",
    "open_clip_model",
    "open_clip_pytorch_model",
    "rust_model",
)
PREFERRED = ("safetensors", "pytorch", "pytorch-legacy", "torchscript", "keras-h5", "hdf5", "flax")
"""Which weights speak for a folder that holds several copies: the order in which transformers loads them."""
COMPANIONS = {"openvino": (".bin",), "tf-checkpoint": (".data-", ".meta"), "onnx": ()}
"""Formats whose numbers lie in files of the same stem (and what those names go on with) or in files they name."""
SAVED_MODEL_PARTS = ("variables/", "assets/", "assets.extra/", "fingerprint.pb", "keras_metadata.pb")


@dataclass(frozen=True, slots=True)
class _Folders:
    """Recognised files and unrecognised ones by the folder in which users see them."""

    known: dict[str, dict[str, Recognised]] = field(default_factory=lambda: defaultdict(dict))
    other: dict[str, dict[str, FileSeen]] = field(default_factory=lambda: defaultdict(dict))

    def below(self, root: str) -> Iterator[tuple[str, FileSeen]]:
        """Yield the unrecognised files under a folder, by their path relative to it."""
        for folder, files in self.other.items():
            if folder == root or folder.startswith(root.rstrip("/") + "/"):
                for name, seen in files.items():
                    yield f"{folder}/{name}"[len(root.rstrip("/")) + 1 :], seen


def build_models(recognised: Sequence[Recognised], others: Sequence[FileSeen] = ()) -> tuple[ModelFile, ...]:
    """Return one ModelFile for each model, parts united, sorted by path.

    `others` are files that no format knows: they count only as parts (variables of a SavedModel, data of a
    checkpoint). Arrays and other plain data are models only where a process holds them or somebody pointed at them.
    """
    left = {one.path: one for one in recognised if _counts(one)}
    groups: list[Group] = []
    for rule in RULES:
        found = _distinct(rule(_by_folder(left.values(), others)))
        groups.extend(found)
        for path in {path for group in found for path in group.paths}:
            left.pop(path, None)
    groups.extend(Group(path=one.path, main=(one,)) for one in left.values() if one.header.role not in PAPERS)
    return _told_apart((_age(group), model_of(group)) for group in groups)


def _counts(one: Recognised) -> bool:
    return one.header.role != "data" or bool(one.seen.held_by) or one.seen.store in {"held", "path"}


def _by_folder(known: Iterable[Recognised], others: Iterable[FileSeen]) -> _Folders:
    folders = _Folders()
    for one in known:
        for place in places(one.seen):
            folder, name = folder_and_name(place)
            folders.known[folder][name] = one
    for seen in others:
        for place in places(seen):
            folder, name = folder_and_name(place)
            folders.other[folder][name] = seen
    return folders


def _distinct(groups: Iterable[Group]) -> list[Group]:
    """Keep one group for each set of weights: two revisions in a cache often differ only in their papers."""
    kept: dict[frozenset[str], Group] = {}
    for group in sorted(groups, key=lambda g: g.path):
        key = frozenset(one.path for one in group.main)
        if key in kept:
            first = kept[key]
            kept[key] = replace(first, extra=first.extra + group.extra, also=(*first.also, group.path))
        else:
            kept[key] = group
    return list(kept.values())


def _age(group: Group) -> int:
    return max(one.seen.ctime_ns for one in group.main)


def _told_apart(aged: Iterable[tuple[int, ModelFile]]) -> tuple[ModelFile, ...]:
    """Give copies of one model ids of their own: the one that was there first keeps the plain id.

    A later copy carries a mark of its path, so that ids (and the findings and waivers on them) do not change hands
    when one more copy comes or goes.
    """
    taken: set[str] = set()
    found = []
    for _changed, model in sorted(aged, key=lambda pair: (pair[0], pair[1].path)):
        mark = hashlib.sha256(model.path.encode("utf-8", "surrogatepass")).hexdigest()[:4]
        found.append(replace(model, id=f"{model.id}~{mark}") if model.id in taken else model)
        taken.add(model.id)
    return tuple(sorted(found, key=lambda model: (model.path, model.id)))


def _packages(folders: _Folders) -> Iterator[Group]:
    """A CoreML package is a folder that people take for a file."""
    roots: dict[str, list[Recognised]] = defaultdict(list)
    for folder, files in folders.known.items():
        for ending in (".mlpackage", ".mlmodelc"):
            before, found, _ = f"{folder}/".partition(f"{ending}/")
            if found:
                roots[before + ending].extend(files.values())
    for root, inside in roots.items():
        main = tuple(one for one in inside if one.header.role not in PAPERS)
        if main:
            extra = tuple(one for one in inside if one not in main)
            yield Group(path=root, main=main, extra=extra, files=tuple(seen for _, seen in folders.below(root)))


def _saved_models(folders: _Folders) -> Iterator[Group]:
    """A TensorFlow SavedModel: the graph, and its variables beside it."""
    for folder, files in folders.known.items():
        main = tuple(one for one in files.values() if one.header.format == "tf-savedmodel")
        if main:
            beside = ("variables", "assets", "assets.extra")
            variables = tuple(one for sub in beside for one in folders.known.get(f"{folder}/{sub}", {}).values())
            parts = tuple(seen for rest, seen in folders.below(folder) if rest.startswith(SAVED_MODEL_PARTS))
            yield Group(path=folder, main=main, extra=variables, files=parts)


def _orbax(folders: _Folders) -> Iterator[Group]:
    """An Orbax checkpoint: the outermost folder that says it is one, with the arrays below it."""
    found = {
        folder: [one for one in files.values() if one.header.format == "orbax"]
        for folder, files in folders.known.items()
    }
    # The array database below it has other users too: it takes the checkpoint's own metadata.
    roots = {folder for folder, files in found.items() if any("database" not in dict(f.header.extra) for f in files)}
    for root in roots:
        if any(root.startswith(outer.rstrip("/") + "/") for outer in roots if outer != root):
            continue
        inside = [f for f in found if f == root or f.startswith(root.rstrip("/") + "/")]
        files = sorted((one for folder in inside for one in found[folder]), key=_best_first)
        yield Group(
            path=root,
            main=tuple(files[:1]),
            extra=tuple(files[1:]),
            files=tuple(seen for _, seen in folders.below(root)),
        )


def _best_first(one: Recognised) -> tuple[bool, str]:
    return not one.header.fingerprint, one.path


def _companions(folders: _Folders) -> Iterator[Group]:
    """One file names the graph or the tensors, files of the same stem hold the numbers."""
    for folder, files in folders.known.items():
        for name, one in files.items():
            if one.header.format not in COMPANIONS:
                continue
            stem = name.rpartition(".")[0]
            wanted = tuple(f"{stem}{ending}" for ending in COMPANIONS[one.header.format])
            beside = folders.other.get(folder, {})
            names = {other for other in (*beside, *files) if other.startswith(wanted) or other in one.header.links}
            parts = tuple(beside[other] for other in sorted(names & beside.keys()))
            extra = tuple(files[other] for other in sorted(names & files.keys() - {name}))
            if parts or extra:
                yield Group(path=one.path, main=(one,), extra=extra, files=parts)


def _hugging_face(folders: _Folders) -> Iterator[Group]:
    """A folder with a config and weights of the usual names is one model, with all copies and papers in it."""
    for folder, files in folders.known.items():
        papers = [one for one in files.values() if one.header.role in PAPERS]
        if not any(one.header.role == "config" for one in papers):
            continue
        weights = {name: one for name, one in files.items() if _loadable_beside_config(one)}
        usual = {name: one for name, one in weights.items() if name.startswith(COMMON_WEIGHT_STEMS)}
        sets = _weight_sets(usual or weights, papers)
        if sets and (usual or len(sets) == 1):
            main, missing = sets[0]
            extra = (*(one for one in (usual or weights).values() if one not in main), *papers)
            yield Group(path=folder, main=main, extra=extra, missing=missing, kind="huggingface")


def _loadable_beside_config(one: Recognised) -> bool:
    return one.header.role not in PAPERS and one.header.format in PREFERRED


def _weight_sets(
    weights: dict[str, Recognised], papers: Sequence[Recognised]
) -> list[tuple[tuple[Recognised, ...], tuple[str, ...]]]:
    """Return the copies of the weights, each with the names of shards that were not seen, the one to speak first."""
    sets = []
    used: set[str] = set()
    for index in papers:
        names = _shards_named(index)
        present = names & weights.keys()
        if present:
            used |= present
            sets.append((_in_order(weights, present), tuple(sorted(names - present))))
    for names, missing in _shard_sets(weights.keys() - used):
        used |= names
        sets.append((_in_order(weights, names), missing))
    sets.extend((_in_order(weights, {name}), ()) for name in sorted(weights.keys() - used))
    return sorted(sets, key=lambda s: _preference(s[0]))


def _shards_named(index: Recognised) -> set[str]:
    if index.header.role != "shard-index":
        return set()
    return {folder_and_name(link)[1] for link in index.header.links}


def _in_order(weights: dict[str, Recognised], names: Iterable[str]) -> tuple[Recognised, ...]:
    return tuple(weights[name] for name in sorted(names))


def _preference(main: Sequence[Recognised]) -> tuple[bool, int, str]:
    # What a process holds open is what runs here, whatever lies beside it.
    held = any(one.seen.held_by for one in main)
    return not held, PREFERRED.index(main[0].header.format), main[0].path


def _shard_sets(names: Iterable[str]) -> Iterator[tuple[set[str], tuple[str, ...]]]:
    """Yield the names that are numbered parts of one whole, and those numbers that were not seen."""
    wholes: dict[tuple[str, str, str], dict[int, str]] = defaultdict(dict)
    for name in sorted(names):
        match = SHARD.match(name)
        if match:
            wholes[match["stem"], match["total"], match["ending"]][int(match["number"])] = name
    for (stem, total, ending), parts in wholes.items():
        first = 0 if 0 in parts else 1
        lost = [n for n in range(first, min(int(total), 9999) + first) if n not in parts]
        words = [f"{stem}-{n:05d}-of-{total}{ending}" for n in lost[:3]]
        more = (f"{len(lost) - 3} more shards",) if len(lost) > 3 else ()
        yield set(parts.values()), (*words, *more)


def _indexed(folders: _Folders) -> Iterator[Group]:
    """A shard index without a config still unites its shards; so do numbered names."""
    for folder, files in folders.known.items():
        weights = {name: one for name, one in files.items() if one.header.role not in PAPERS}
        for name, index in files.items():
            names = _shards_named(index)
            present = names & weights.keys()
            if present:
                yield Group(
                    path=f"{folder}/{name}" if folder != "/" else f"/{name}",
                    main=_in_order(weights, present),
                    extra=(index,),
                    missing=tuple(sorted(names - present)),
                    kind="sharded",
                )


def _numbered_parts(folders: _Folders) -> Iterator[Group]:
    for files in folders.known.values():
        weights = {name: one for name, one in files.items() if one.header.role not in PAPERS}
        for names, missing in _shard_sets(weights):
            main = _in_order(weights, names)
            yield Group(path=main[0].path, main=main, missing=missing, kind="sharded")


RULES: tuple[Callable[[_Folders], Iterator[Group]], ...] = (
    _packages,
    _saved_models,
    _orbax,
    _companions,
    _hugging_face,
    _indexed,
    _numbered_parts,
)
