"""One fact for one file: unite what several collectors saw of the same inode."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aiguard_agent.collect.candidates import digest_in_name
from aiguard_agent.core.facts import FileSeen


def merge_files(files: Iterable[FileSeen]) -> tuple[FileSeen, ...]:
    """Return each file once, by path: holders and names united, the name that people know in front.

    Files are the same when device and inode are; without an inode (a recorded host may have none) when the path is.
    """
    groups: dict[object, list[FileSeen]] = {}
    for seen in files:
        key: object = (seen.dev, seen.inode) if seen.inode else seen.path
        groups.setdefault(key, []).append(seen)
    return tuple(sorted((_unite(group) for group in groups.values()), key=lambda seen: seen.path))


def _unite(group: list[FileSeen]) -> FileSeen:
    if len(group) == 1:
        return group[0]
    best = min(group, key=_rank)
    names: dict[str, None] = {}
    for seen in group:
        names.update(dict.fromkeys((seen.path, *seen.aliases)))
    names.pop(best.path, None)
    stores = [seen.store for seen in sorted(group, key=_rank) if seen.store not in ("", "held", "argv")]
    return replace(
        best,
        aliases=tuple(names),
        held_by=tuple(sorted({pid for seen in group for pid in seen.held_by})),
        store=stores[0] if stores else best.store,
        sha256=next((seen.sha256 for seen in group if seen.sha256), None),
    )


def _rank(seen: FileSeen) -> tuple[bool, bool, bool, str]:
    """Order names: those on the host first, then those that say more than a digest, then those of a store."""
    inner = seen.reach.startswith("/proc/")
    return inner, digest_in_name(seen.path.rpartition("/")[2]) is not None, seen.store in ("", "held"), seen.path
