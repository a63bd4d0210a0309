"""Find where on the host a file lies that a process sees, and prove it by its inode.

  /proc/PID/maps says /models/a.gguf  ->  mountinfo of PID against ours  ->  /srv/llm/a.gguf (same dev, inode)
When nothing on the host proves to be that file (tmpfs of a container, unknown layer), the path of the process stays
and `reach` leads to it through /proc/PID/root.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from aiguard_agent.collect.foreign import resolve_at, root_of, stat_at
from aiguard_agent.collect.host import Host
from aiguard_agent.collect.mounts import MountTable, parse_mountinfo, translate
from aiguard_agent.core.facts import FileSeen

MOUNTINFO_LIMIT = 4 << 20
FOREIGN_MOUNTINFO_LIMIT = 256 << 10
"""Of another namespace, where anybody may mount what he likes as often as he likes; a container has a hundred."""
_TABLES = 64
"""Mount tables of other namespaces that are kept at the same time."""
_CACHE = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one regular file or folder was found."""

    path: str
    """Host path when it could be proved, else the path inside the process's root."""
    reach: str = ""
    """How to open it when `path` is not a host path: /proc/PID/root/…, else ""."""
    stat: os.stat_result
    """Of the file on the host when proved, else as seen from inside."""
    aliases: tuple[str, ...] = ()
    """The path as the process has it, when that is another: its command line and its answers use this one."""


class Locator:
    """Answers for one pass over one host; mount tables and users are read once."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._tables: dict[object, MountTable] = {}
        self._views: dict[int, tuple[str, object]] = {}
        self._users: dict[int, str] | None = None
        self._folders: dict[tuple[str, str], int] = {}
        self._ours = self._namespace("self" if host.live else "1")

    def inside(self, pid: int) -> str:
        """Return the foreign root of a process, "" when it sees the same files under the same paths as we do."""
        return self._view(pid)[0]

    def view(self, pid: int) -> object:
        """Return a key that is equal for processes that see the same files under the same paths."""
        return self._view(pid)[1]

    def view_name(self, pid: int) -> str:
        """Return the same key in words, for those who see something else than the host."""
        key = self._view(pid)[1]
        return str(key[0]) if isinstance(key, tuple) and key[0] != "root" else f"pid {pid}"

    def mounts(self, pid: int | None = None) -> MountTable:
        """Return the mounts a process sees; None = our own. Empty when it cannot be read."""
        key: object = "ours" if pid is None else self._view(pid)[1]
        table = self._tables.get(key)
        if table is None:
            if len(self._tables) >= _TABLES:
                self._tables = {known: kept for known, kept in self._tables.items() if known == "ours"}
            table = self._tables[key] = self._read_mounts(pid, MOUNTINFO_LIMIT if key == "ours" else None)
        return table

    def place(self, pid: int, path: str) -> Place:
        """Find a path (links taken) that a process sees; raises OSError when it is not there any more."""
        inside = self.inside(pid)
        seen = stat_at(self.host, path, inside=inside)
        if not inside:
            return Place(path=path, stat=seen)
        found = self.on_host(pid, path, seen)
        if found is not None:
            return Place(path=found[0], stat=found[1], aliases=(path,) if found[0] != path else ())
        return Place(path=path, reach=f"{inside}{path}", stat=seen)

    def on_host(self, pid: int, path: str, seen: os.stat_result) -> tuple[str, os.stat_result] | None:
        """Return the host path whose inode is the one that was `seen` by a process, or None."""
        for candidate in self._candidates(pid, path):
            real = resolve_at(self.host, candidate)
            if real is None:
                continue
            try:
                there = stat_at(self.host, real)
            except (OSError, ValueError):
                continue
            if self._same(seen, there):
                return real, there
        return None

    def user(self, uid: int) -> str:
        """Return the host's name for a uid, "" when it has none."""
        if self._users is None:
            self._users = _read_users(self.host)
        return self._users.get(uid, "")

    def folder_mode(self, path: str, inside: str = "") -> int:
        """Return the mode of the folder that `path` lies in, 0 when it cannot be seen."""
        key = (inside, path.rpartition("/")[0] or "/")
        mode = self._folders.get(key)
        if mode is None:
            try:
                mode = stat_at(self.host, key[1], inside=inside).st_mode
            except (OSError, ValueError):
                mode = 0
            if len(self._folders) < _CACHE:
                self._folders[key] = mode
        return mode

    def file_seen(
        self, place: Place, *, store: str, held_by: tuple[int, ...] = (), sha256: str | None = None
    ) -> FileSeen:
        """Return the fact for a placed regular file."""
        inside = place.reach[: -len(place.path)] if place.reach else ""
        info = place.stat
        return FileSeen(
            path=place.path,
            size=info.st_size,
            dev=info.st_dev,
            inode=info.st_ino,
            mtime_ns=info.st_mtime_ns,
            ctime_ns=info.st_ctime_ns,
            mode=info.st_mode,
            uid=info.st_uid,
            user=self.user(info.st_uid),
            directory_mode=self.folder_mode(place.path, inside),
            held_by=held_by,
            aliases=place.aliases,
            store=store,
            reach=place.reach,
            sha256=sha256,
        )

    def _same(self, seen: os.stat_result, there: os.stat_result) -> bool:
        if stat.S_IFMT(seen.st_mode) != stat.S_IFMT(there.st_mode):
            return False
        if (seen.st_dev, seen.st_ino) == (there.st_dev, there.st_ino):
            return True
        if stat.S_ISDIR(seen.st_mode):
            return seen.st_ino == there.st_ino or not self.host.live  # a merged folder keeps its top layer's number
        # An overlay shows its own device; the inode number is the layer's where it can be, size and time always are.
        same_bytes = (seen.st_size, seen.st_mtime_ns) == (there.st_size, there.st_mtime_ns)
        return same_bytes if self.host.live else seen.st_size == there.st_size

    def _candidates(self, pid: int, path: str) -> list[str]:
        found = list(translate(path, self.mounts(pid), self.mounts()))
        try:
            top = self.host.link(f"/proc/{pid}/root")
        except (OSError, ValueError):
            top = "/"
        if top != "/" and self._namespace(str(pid)) == self._ours:
            found.insert(0, top + path)  # a plain chroot: same mounts, deeper root
        return found

    def _view(self, pid: int) -> tuple[str, object]:
        known = self._views.get(pid)
        if known is None:
            mine = self._namespace(str(pid))
            inside = root_of(self.host, pid, same_mounts=mine is None or mine == self._ours)
            key: object = ("root", inside) if mine is None else (mine, self._root_link(pid) if inside else "/")
            if not self.host.live and inside:
                key = ("root", inside)
            known = (inside, key if inside else "ours")
            self._views[pid] = known
        return known

    def _root_link(self, pid: int) -> str:
        try:
            return self.host.link(f"/proc/{pid}/root")
        except (OSError, ValueError):
            return "?"

    def _namespace(self, pid: str) -> str | None:
        try:
            return self.host.link(f"/proc/{pid}/ns/mnt")
        except (OSError, ValueError):
            return None

    def _read_mounts(self, pid: int | None, limit: int | None) -> MountTable:
        name = str(pid) if pid is not None else "self" if self.host.live else "1"
        try:
            text = self.host.text(f"/proc/{name}/mountinfo", limit or FOREIGN_MOUNTINFO_LIMIT)
        except (OSError, ValueError):
            return MountTable(())
        return parse_mountinfo(text)


def homes(host: Host) -> tuple[tuple[str, str], ...]:
    """Return (user, home folder) of every account and of every folder in /home, each folder once."""
    found: dict[str, str] = {"/root": "root"}
    for fields in _passwd(host):
        home = fields[5].rstrip("/")
        if home.startswith("/") and home.count("/") >= 1 and home not in _NO_HOMES:
            found.setdefault(home, fields[0])
    try:
        for name in sorted(host.names("/home"))[:5000]:
            found.setdefault(f"/home/{name}", name)
    except (OSError, ValueError):
        pass  # a host without /home has no homes there
    return tuple((user, home) for home, user in found.items())


_NO_HOMES = frozenset("/ /bin /dev /usr /usr/sbin /usr/bin /sbin /nonexistent /proc /run /run/sshd /var /etc".split())


def _passwd(host: Host) -> list[list[str]]:
    try:
        lines = host.text("/etc/passwd").split("\n")
    except (OSError, ValueError):
        return []
    return [fields for line in lines if len(fields := line.split(":")) >= 7]


def _read_users(host: Host) -> dict[int, str]:
    users: dict[int, str] = {}
    for fields in _passwd(host):
        if fields[2].isdecimal():
            users.setdefault(int(fields[2]), fields[0])
    return users
