"""Look into another root (/proc/PID/root): every link is taken inside it, nothing in there can lead us out.

`inside` names the foreign root by host path; "" is the host itself. On the live host the last component of a host
path is never followed as a link.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from aiguard_agent.collect.host import FileReader, Host, blind_of
from aiguard_agent.collect.openat2 import open_in_root
from aiguard_agent.core.facts import Blind, BlindKind, FileSeen
from aiguard_agent.core.reader import HEADER_BUDGET

_LOOK = os.O_PATH | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One name in a folder, with what the folder itself tells of it."""

    name: str
    folder: bool
    """A real folder; a link to one is not."""
    link: bool
    regular: bool


def root_of(host: Host, pid: int, *, same_mounts: bool) -> str:
    """Return the foreign root through which files of a process are reached, "" when the host's own will do."""
    path = f"/proc/{pid}/root"
    try:
        if stat.S_ISDIR(host.lstat(path).st_mode):
            return path  # only a recorded host keeps a folder here
        target = host.link(path)
    except (OSError, ValueError):
        return ""
    if not host.live:
        return ""  # a recorded link would lead to the machine that replays it
    return "" if same_mounts and target == "/" else path


def refusal(host: Host, inside: str) -> Blind | None:
    """Tell, as the reason of a Blind, why nothing below a foreign root can be opened; None when it can.

    To be asked before many paths are tried in it, each of which would then only seem to be absent.
    """
    try:
        os.close(open_path(host, "/", inside=inside, flags=_LOOK | os.O_DIRECTORY, follow=True))
    except OSError as error:
        told = blind_of("", inside, error)
        if error.errno == errno.ENOSYS:
            reason = "this kernel cannot open files inside another root safely (openat2, Linux 5.6)"
            return replace(told, reason=reason, kind=BlindKind.UNSUPPORTED)
        return told
    return None


def open_path(host: Host, path: str, *, inside: str = "", flags: int = _LOOK, follow: bool = False) -> int:
    """Return a descriptor for `path`; the caller closes it. Raises OSError."""
    last = 0 if follow else os.O_NOFOLLOW
    if inside:
        return open_in_root(host.at(inside), path, flags | last)
    if host.live:
        return os.open(path, flags | last)
    return open_in_root(str(host.root), path, flags | last)


def stat_at(host: Host, path: str, *, inside: str = "", follow: bool = False) -> os.stat_result:
    """Stat a path without opening what it names (no FIFO is woken); raises OSError."""
    if host.live and not inside:
        return os.stat(path, follow_symlinks=follow)  # noqa: PTH116 - one of thousands
    fd = open_path(host, path, inside=inside, follow=follow)
    try:
        return os.fstat(fd)
    finally:
        os.close(fd)


def resolve_at(host: Host, path: str, *, inside: str = "") -> str | None:
    """Return `path` with all links taken inside its root, as a process in there would write it; None = absent."""
    if not inside:
        return host.resolve(path)
    try:
        fd = open_path(host, path, inside=inside, follow=True)
    except (OSError, ValueError):
        return None
    try:
        shown = os.fsdecode(os.readlink(f"/proc/self/fd/{fd}"))
    except OSError:
        return None
    finally:
        os.close(fd)
    top = host.at(inside)
    if not host.live and shown.startswith(f"{top}/"):
        return shown[len(top) :]
    return shown if shown.startswith("/") else None


def entries_at(host: Host, path: str, *, inside: str = "", limit: int = 1_000_000) -> list[Entry]:
    """List a folder, at most `limit` names of it; raises OSError (ELOOP for a link)."""
    fd = open_path(host, path, inside=inside, flags=os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    found: list[Entry] = []
    try:
        with os.scandir(fd) as entries:
            for entry in entries:
                found.append(
                    Entry(
                        name=entry.name,
                        folder=entry.is_dir(follow_symlinks=False),
                        link=entry.is_symlink(),
                        regular=entry.is_file(follow_symlinks=False),
                    )
                )
                if len(found) >= limit:
                    break
    finally:
        os.close(fd)
    return found


def open_seen(host: Host, seen: FileSeen, budget: int = HEADER_BUDGET) -> FileReader:
    """Open a file that was seen, by the way it can be reached; the caller closes it. Raises OSError."""
    way = seen.reach or seen.path
    parts = PurePosixPath(way).parts
    if len(parts) > 4 and parts[1] == "proc" and parts[3] == "root":
        return host.reader("/" + "/".join(parts[4:]), budget, inside="/".join(("", *parts[1:4])))
    return host.reader(way, budget)
