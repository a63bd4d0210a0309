"""Model files that lie on the host whether or not anybody uses them: the usual stores, named folders, `--path`."""

from __future__ import annotations

import time
from collections.abc import Iterable

from aiguard_agent.collect import ollama
from aiguard_agent.collect.collector import Collector, Options, Sight
from aiguard_agent.collect.foreign import open_seen
from aiguard_agent.collect.host import Host, blind_of
from aiguard_agent.collect.locate import Locator, homes
from aiguard_agent.collect.memory import identity_of
from aiguard_agent.collect.merge import merge_files
from aiguard_agent.collect.recall import Survey, Unfinished, recall
from aiguard_agent.collect.tops import Tops
from aiguard_agent.collect.walk import MAX_FILES, MAX_LEFT, NAME, Budget, Plan, Walker
from aiguard_agent.core.facts import Blind, BlindKind, FileSeen, Process

_MAX_LINES = 50
"""Blind spots of one kind told one by one; the others are counted."""
_MAX_MANIFESTS = 5000


def _collect(host: Host, options: Options, seen: Sight) -> Sight:
    """Walk everything in a thorough pass; between those, only what newcomers name and what was left over."""
    memory = recall(host)
    asked = (options.paths, options.stores, options.remote)
    last = memory.survey
    likely = host.memory.caring(options.interesting, (seen.processes or ()) if options.stores else ())
    named = frozenset(identity_of(process) for process in likely)
    quick = last is not None and last.asked == asked and not host.memory.thorough and not memory.walks
    if last is not None and quick and named <= last.named:
        return last.sight
    budget = Budget(entries=options.walk_entries, deadline=time.monotonic() + options.walk_seconds)
    walker = Walker(host=host, locator=Locator(host), budget=budget, remote=options.remote)
    tops = Tops(walker)
    if last is not None and quick:
        tops.homes = homes(host)
        sight = _survey(tops, options, [p for p in likely if identity_of(p) not in last.named], last.sight)
    else:
        tops.asked(options.paths)
        if options.stores:
            tops.usual()
        sight = _survey(tops, options, likely, Sight())
    memory.survey = Survey(asked=asked, sight=sight, named=named | last.named if last and quick else named)
    return sight


def _survey(tops: Tops, options: Options, processes: Iterable[Process], before: Sight) -> Sight:
    """Walk what is planned and what these processes name, and add it to what was seen before."""
    for process in processes:
        tops.named_by(process)
    walker = tops.walker
    files = list(tops.files)
    plans = [plan for plan in _waiting_first(walker.host, tops.plans) if plan.label not in before.stores]
    for plan in plans:
        options.progress(f"looking through {plan.label}")
        files += _walk(walker, plan)
    found = merge_files([*before.files, *_name_ollama(walker.host, walker, files)])
    if walker.budget.files >= MAX_FILES:
        walker.blind.append(_over("model stores", f"more than {MAX_FILES} files, the others were left out", 1))
    stores = tuple(dict.fromkeys([*before.stores, *(plan.label for plan in plans)]))
    return Sight(
        files=found,
        blind=tuple(fold([*before.blind, *walker.blind])),
        stores=stores,
        notes={"stores": f"{len(stores)} folders walked, {walker.budget.spent} entries looked at in this pass"},
    )


def _waiting_first(host: Host, plans: list[Plan]) -> list[Plan]:
    """Begin with what the last pass did not finish, so that every folder has its turn."""
    waiting = recall(host).walks
    tops = {plan.top for plan in plans if plan.pid is None}
    for gone in waiting.keys() - tops:
        del waiting[gone]
    return sorted(plans, key=lambda plan: plan.pid is not None or plan.top not in waiting)


def _walk(walker: Walker, plan: Plan) -> list[FileSeen]:
    """Walk one folder, from where the last pass stopped; remember where this one stops."""
    waiting = recall(walker.host).walks
    before = waiting.pop(plan.top, None) if plan.pid is None else None
    files, left = walker.walk(plan, before)
    if left:
        words = f"budget spent after {walker.budget.spent} entries; next in line is {left[-1]}"
        walker.blind.append(_over(plan.label, words, len(left)))
        if plan.pid is None:
            waiting[plan.top] = Unfinished(left=left[-MAX_LEFT:], files=tuple(files))
    return files


def _over(subject: str, reason: str, count: int) -> Blind:
    return Blind(collector=NAME, subject=subject, reason=reason, kind=BlindKind.BUDGET, count=count)


def _name_ollama(host: Host, walker: Walker, files: list[FileSeen]) -> list[FileSeen]:
    """Read the manifests that were met, and name the blobs by them."""
    weights: dict[str, tuple[str, ...]] = {}
    for seen in files:
        base, rest = ollama.split(seen.path)
        if not base or not ollama.name_of(rest) or seen.size > ollama.MANIFEST_LIMIT:
            continue
        if len(weights) >= _MAX_MANIFESTS:
            walker.blind.append(_over(base, f"more than {_MAX_MANIFESTS} manifests, the others were not read", 1))
            break
        try:
            with open_seen(host, seen, ollama.MANIFEST_LIMIT) as reader:
                weights[seen.path] = ollama.weights_of(reader.read_at(0, ollama.MANIFEST_LIMIT))
        except (OSError, ValueError) as error:
            walker.blind.append(blind_of(NAME, seen.path, error))
    return ollama.dress(files, weights)


def fold(blind: Iterable[Blind]) -> list[Blind]:
    """Tell each blind spot once, and count those of a kind beyond the first few."""
    told: list[Blind] = []
    more: dict[BlindKind, int] = {}
    lines: dict[BlindKind, int] = {}
    for entry in dict.fromkeys(blind):
        lines[entry.kind] = lines.get(entry.kind, 0) + 1
        if lines[entry.kind] > _MAX_LINES:
            more[entry.kind] = more.get(entry.kind, 0) + entry.count
        else:
            told.append(entry)
    rest = [
        Blind(collector=NAME, subject="other folders", reason=kind.value, kind=kind, count=count)
        for kind, count in more.items()
    ]
    return [*told, *rest]


COLLECTOR = Collector(
    name=NAME,
    order=70,
    help="model files in the usual stores, in folders that servers name, and in --path",
    needs=("CAP_DAC_READ_SEARCH",),
    collect=_collect,
)
