"""Walk one model folder: names and stats only, no link to a folder followed, every file once, within a budget.

Two shapes are known wherever they lie, for what they say of a file:
  models--ORG--NAME/snapshots/REVISION/model.safetensors -> ../../blobs/SHA256     (Hugging Face hub)
  blobs/sha256-HEX beside manifests/REGISTRY/NAMESPACE/MODEL/TAG                   (Ollama, see ollama.py)
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from aiguard_agent.collect.candidates import STORE_BIG, digest_in_name, earns_a_look, is_code_or_data
from aiguard_agent.collect.foreign import open_path, resolve_at, stat_at
from aiguard_agent.collect.host import Host, blind_of
from aiguard_agent.collect.locate import Locator, Place
from aiguard_agent.collect.mounts import Mount, MountTable
from aiguard_agent.collect.recall import Unfinished
from aiguard_agent.core.facts import Blind, BlindKind, FileSeen

NAME = "stores"
MAX_FILES = 200_000
"""Files kept of one pass."""
MAX_LEFT = 50_000
"""Folders remembered of an unfinished walk."""
SKIPPED = frozenset(
    ".git .locks .no_exist .snapshot .zfs lost+found node_modules site-packages dist-packages __pycache__".split()
)
"""Folders that are never entered: they hold programs, or the same files again."""

_UNFINISHED = (".incomplete", ".partial", "-partial", ".part", ".lock", ".crdownload", ".aria2")
_PARTIAL = re.compile(r"-partial-\d+$")
_SNAPSHOT = re.compile(r"(?:^|/)models--([^/]+)/snapshots/([^/]+)(?:/|$)")
_LOOK_EVERY = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One folder to walk."""

    top: str
    """Links resolved; a host path, or a path inside the root of `pid`."""
    store: str
    trusted: bool = True
    """True where only models should lie, so that size alone earns a look."""
    depth: int = 12
    pid: int | None = None
    """The process whose root it lies in; None = on the host."""

    @property
    def label(self) -> str:
        """The folder in words."""
        return self.top if self.pid is None else f"{self.top} (as pid {self.pid} sees it)"


@dataclass(slots=True, kw_only=True)
class Budget:
    """What all walks of one pass may cost together."""

    entries: int
    deadline: float
    clock: Callable[[], float] = time.monotonic
    spent: int = 0
    files: int = 0

    @property
    def over(self) -> bool:
        """True when nothing more may be looked at."""
        return self.spent >= self.entries or self.files >= MAX_FILES or self.clock() >= self.deadline


@dataclass(slots=True, kw_only=True)
class Walker:
    """Walks plan after plan in one pass; a folder reached twice is read once."""

    host: Host
    locator: Locator
    budget: Budget
    remote: bool = False
    visited: set[tuple[int, int]] = field(default_factory=set)
    blind: list[Blind] = field(default_factory=list)

    def walk(self, plan: Plan, before: Unfinished | None = None) -> tuple[list[FileSeen], list[str]]:
        """Return the files of one folder and the folders that the budget did not allow."""
        mounts = self.locator.mounts(plan.pid)
        inside = "" if plan.pid is None else self.locator.inside(plan.pid)
        points = {mount.point: mount for mount in mounts.mounts}
        run = _Run(walker=self, plan=plan, inside=inside, mounts=mounts, points=points)
        if before is not None:
            run.files += run.still_there(before.files)
        left = list(before.left) if before is not None else [plan.top]
        while left:
            if self.budget.over:
                return run.files, run.cut + left
            left += run.read(left.pop())
        if run.too_deep:
            reason = f"deeper than {plan.depth} folders"
            self.blind.append(
                Blind(collector=NAME, subject=plan.label, reason=reason, kind=BlindKind.BUDGET, count=run.too_deep)
            )
        return run.files, run.cut

    def refuses(self, mount: Mount | None, path: str) -> bool:
        """Tell whether a folder lies on a file system that is not entered; a remote one is told."""
        if mount is None:
            return False
        if mount.remote or mount.kind == "autofs":
            if self.remote and mount.kind != "autofs":
                return False
            reason = f"remote file system ({mount.kind}), skipped unless asked for"
            self.blind.append(Blind(collector=NAME, subject=path, reason=reason, kind=BlindKind.REMOTE))
            return True
        return mount.pseudo


@dataclass(slots=True, kw_only=True)
class _Run:
    """The walk of one plan."""

    walker: Walker
    plan: Plan
    inside: str
    mounts: MountTable
    points: dict[str, Mount]
    files: list[FileSeen] = field(default_factory=list)
    too_deep: int = 0
    cut: list[str] = field(default_factory=list)
    """Folders that were read in part."""
    lies_on: dict[str, Mount | None] = field(default_factory=dict)
    """By folder, for those that links led to."""

    def read(self, folder: str) -> list[str]:
        """Read one folder and return its sub-folders, the last to be read first."""
        mount = self.mounts.at(folder) if folder == self.plan.top else self.points.get(folder)
        if self.walker.refuses(mount, folder):
            return []
        if _depth(folder) - _depth(self.plan.top) > self.plan.depth:
            self.too_deep += 1
            return []
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        try:
            fd = open_path(self.walker.host, folder, inside=self.inside, flags=flags)
        except (OSError, ValueError) as error:
            if not isinstance(error, FileNotFoundError | NotADirectoryError):
                self.walker.blind.append(blind_of(NAME, folder, error))
            return []
        try:
            info = os.fstat(fd)
            if (info.st_dev, info.st_ino) in self.walker.visited:
                return []
            self.walker.visited.add((info.st_dev, info.st_ino))
            return self._entries(fd, folder, info.st_mode)
        except OSError as error:
            self.walker.blind.append(blind_of(NAME, folder, error))
            return []
        finally:
            os.close(fd)

    def _entries(self, fd: int, folder: str, mode: int) -> list[str]:
        below: list[str] = []
        links: list[str] = []
        budget = self.walker.budget
        here = f"{folder.rstrip('/')}/"
        manifest = "/manifests/" in here
        with os.scandir(fd) as entries:
            for entry in entries:
                budget.spent += 1
                if budget.spent % _LOOK_EVERY == 0 and budget.over:
                    self.cut.append(folder)
                    break
                if entry.is_file(follow_symlinks=False):
                    self._file(entry, here, mode, manifest)
                elif entry.is_symlink():
                    links.append(entry.name)
                elif entry.is_dir(follow_symlinks=False):
                    name = entry.name
                    if name not in SKIPPED and not name.startswith("datasets--"):
                        below.append(here + name)
        for name in sorted(links):
            if earns_a_look(name):
                self._link(name, here)
        return sorted(below, reverse=True)

    def _file(self, entry: os.DirEntry[str], here: str, mode: int, manifest: bool) -> None:
        name = entry.name
        if name.endswith(_UNFINISHED) or ("-partial-" in name and _PARTIAL.search(name)):
            return
        known = manifest or earns_a_look(name)
        if not known and not self.plan.trusted:
            return
        try:
            info = entry.stat(follow_symlinks=False)
        except OSError:
            return  # it went away while we were reading its folder
        size = info.st_size
        if manifest or (size > 0 and (known or (size >= STORE_BIG and not is_code_or_data(name)))):
            self._add(self._seen(here + name, info, mode))

    def _seen(
        self, path: str, info: os.stat_result, mode: int, *, shown: str = "", aliases: tuple[str, ...] = ()
    ) -> FileSeen | None:
        """Return the fact for a file that was met, by its host path where there is one.

        `shown` is the name that people know it by, when that is a link to it.
        """
        locator = self.walker.locator
        digest = digest_in_name(path.rpartition("/")[2])
        if self.plan.pid is not None and self.inside:
            try:
                place = locator.place(self.plan.pid, path)
            except (OSError, ValueError):
                return None
            return locator.file_seen(place, store=self.plan.store, sha256=digest)
        return FileSeen(
            path=shown or path,
            size=info.st_size,
            dev=info.st_dev,
            inode=info.st_ino,
            mtime_ns=info.st_mtime_ns,
            ctime_ns=info.st_ctime_ns,
            mode=info.st_mode,
            uid=info.st_uid,
            user=locator.user(info.st_uid),
            directory_mode=mode,
            aliases=(path, *aliases) if shown else aliases,
            store=self.plan.store,
            reach=path if shown else "",
            sha256=digest,
        )

    def _link(self, name: str, here: str) -> None:
        """Take a link to a model file: the file counts, under the name that people know."""
        path = here + name
        host, inside = self.walker.host, self.inside
        real = resolve_at(host, path, inside=inside) if inside else host.resolve(path, known=here[:-1])
        if real is None or self.walker.refuses(self._mount_of(real), real):
            return
        try:
            info = stat_at(host, real, inside=inside)
        except (OSError, ValueError):
            return
        if not stat.S_ISREG(info.st_mode) or info.st_size <= 0:
            return
        mode = self.walker.locator.folder_mode(real, inside)
        snapshot = _SNAPSHOT.search(path)
        repository = path[: snapshot.start(2) - len("/snapshots/")] if snapshot else ""
        if snapshot is None or not real.startswith(f"{repository}/"):
            self._add(_named_too(self._seen(real, info, mode), path))
            return
        origin = f"hf:{snapshot[1].replace('--', '/', 1)}@{snapshot[2]}"
        if not (self.plan.pid is not None and inside):
            self._add(self._seen(real, info, mode, shown=path, aliases=(origin,)))
            return
        seen = self._seen(real, info, mode)
        blob = real[len(repository) :]
        if seen is not None and seen.reach:  # nothing on the host: both names are those of the process
            seen = replace(seen, path=path)
        elif seen is not None and seen.path.endswith(blob):
            shown = seen.path.removesuffix(blob) + path[len(repository) :]
            seen = replace(seen, path=shown, reach=seen.path, aliases=(seen.path, *seen.aliases))
        self._add(_named_too(seen, origin))

    def _mount_of(self, path: str) -> Mount | None:
        """Return the mount that a file lies on; those of a folder lie on one, unless a file is a mount itself."""
        folder = path.rpartition("/")[0] or "/"
        if path in self.points:
            return self.points[path]
        if folder not in self.lies_on:
            self.lies_on[folder] = self.mounts.at(folder)
        return self.lies_on[folder]

    def _add(self, seen: FileSeen | None) -> None:
        if seen is not None:
            self.files.append(seen)
            self.walker.budget.files += 1

    def still_there(self, files: tuple[FileSeen, ...]) -> list[FileSeen]:
        """Return those of an earlier part of this walk that did not change since."""
        kept = []
        for seen in files:
            try:
                info = stat_at(self.walker.host, seen.reach or seen.path, inside="")
            except (OSError, ValueError):
                continue
            if (info.st_dev, info.st_ino, info.st_size) == (seen.dev, seen.inode, seen.size):
                kept.append(replace(seen, mtime_ns=info.st_mtime_ns, ctime_ns=info.st_ctime_ns, mode=info.st_mode))
        return kept


def single(locator: Locator, path: str, *, pid: int | None, store: str) -> FileSeen | None:
    """Return the fact for one file that was named to us (links taken), None when it is no regular file."""
    inside = "" if pid is None else locator.inside(pid)
    real = resolve_at(locator.host, path, inside=inside)
    if real is None:
        return None
    try:
        place = Place(path=real, stat=stat_at(locator.host, real)) if pid is None else locator.place(pid, real)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(place.stat.st_mode) or place.stat.st_size <= 0:
        return None
    seen = locator.file_seen(place, store=store, sha256=digest_in_name(real.rpartition("/")[2]))
    return replace(seen, aliases=(*seen.aliases, path)) if path not in (real, seen.path) and pid is None else seen


def _named_too(seen: FileSeen | None, name: str) -> FileSeen | None:
    return replace(seen, aliases=(*seen.aliases, name)) if seen is not None else None


def _depth(path: str) -> int:
    return path.count("/")
