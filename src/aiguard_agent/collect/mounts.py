"""Turn a path of one mount namespace into the paths it may have in another: pure text work on mountinfo.

One line of /proc/PID/mountinfo (proc_pid_mountinfo(5)):
  36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
  id parent device root point options [tags…] - type source super-options
`root` is the folder of the file system that is mounted, `point` where a process of the namespace sees it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

REMOTE_KINDS = frozenset(
    "nfs nfs4 cifs smb3 smbfs ncpfs afs 9p ceph lustre gfs gfs2 ocfs2 glusterfs beegfs gpfs orangefs panfs coda "
    "fuse.sshfs fuse.s3fs fuse.gcsfuse fuse.rclone fuse.glusterfs fuse.cephfs fuse.ceph-fuse fuse.juicefs fuse.goofys "
    "fuse.blobfuse fuse.blobfuse2 fuse.mount-s3 fuse.davfs fuse.curlftpfs fuse.seaweedfs fuse.alluxio-fuse "
    "fuse.alluxio fuse.dfs fuse.lizardfs fuse.mfs fuse.moosefs fuse.geesefs fuse.hdfs".split()
)
"""File system types whose bytes come over a network: reading them costs somebody else, and may hang."""

PSEUDO_KINDS = frozenset(
    "proc sysfs devtmpfs devpts cgroup cgroup2 mqueue debugfs tracefs securityfs pstore bpf configfs fusectl "
    "hugetlbfs binfmt_misc autofs efivarfs nsfs rpc_pipefs selinuxfs fuse.lxcfs fuse.gvfsd-fuse fuse.portal".split()
)
"""File system types that hold no files of anybody."""

_OVERLAY_HOMES = (
    "/var/lib/docker/overlay2",
    "/var/lib/containers/storage/overlay",
    "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots",
)
_FUSE_USER = re.compile(r"(?:^|,)user_id=(\d{1,10})(?:,|$)")
_OCTAL = re.compile(r"\\([0-7]{3})")
_COLON = re.compile(r"(?<!\\):+")


def unescape(text: str) -> str:
    """Undo the octal escapes of mountinfo and maps (`\\040` is a blank); other bytes stay as they are."""
    if "\\" not in text:
        return text
    return _OCTAL.sub(lambda m: chr(int(m[1], 8) & 0xFF), text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One mounted file system, as one namespace sees it."""

    id: int
    parent: int
    device: str
    """`major:minor`; the same file system has the same one everywhere."""
    root: str
    point: str
    kind: str
    source: str = ""
    super_options: str = ""

    @property
    def remote(self) -> bool:
        """True when its bytes come over a network, or from a program of an ordinary user, who may let us wait."""
        if self.kind in REMOTE_KINDS:
            return True
        if self.pseudo or not (self.kind == "fuse" or self.kind.startswith("fuse.")):
            return False
        owner = _FUSE_USER.search(self.super_options)
        return owner is not None and owner[1] != "0"

    @property
    def pseudo(self) -> bool:
        """True when it holds no files of anybody."""
        return self.kind in PSEUDO_KINDS

    def layers(self) -> tuple[str, ...]:
        """Return the folders an overlay is made of, the one on top first; relative ones with every likely base."""
        upper: list[str] = []
        lower: list[str] = []
        for option in self.super_options.split(","):
            key, _, value = option.partition("=")
            if key == "upperdir":
                upper.append(unescape(value))
            elif key in ("lowerdir", "lowerdir+", "datadir+"):
                lower += [part.replace("\\:", ":") for part in _COLON.split(unescape(value)) if part]
        bases = [*_ancestors(upper[0]), *_OVERLAY_HOMES] if upper and upper[0].startswith("/") else [*_OVERLAY_HOMES]
        found: list[str] = []
        for folder in upper + lower:
            found += [folder] if folder.startswith("/") else [f"{base}/{folder}" for base in bases]
        return tuple(dict.fromkeys(found))


class MountTable:
    """The mounts of one namespace."""

    def __init__(self, mounts: tuple[Mount, ...]) -> None:
        self.mounts = mounts
        self._by_device: dict[str, list[Mount]] = {}
        self._children: dict[int, list[Mount]] = {}
        ids = {mount.id for mount in mounts}
        self._tops: list[Mount] = []
        for mount in mounts:
            self._by_device.setdefault(mount.device, []).append(mount)
            if mount.parent in ids and mount.parent != mount.id:
                self._children.setdefault(mount.parent, []).append(mount)
            else:
                self._tops.append(mount)

    def at(self, path: str) -> Mount | None:
        """Return the mount that `path` (free of links) lies on; a mount hidden under a later one is not taken."""
        here = _deepest(self._tops, path)
        seen: set[int] = set()
        while here is not None and here.id not in seen:
            seen.add(here.id)
            below = [m for m in self._children.get(here.id, ()) if m.id not in seen and _covers(m.point, path)]
            if not below:
                return here
            here = min(below, key=lambda m: len(m.point))
        return here

    def of_device(self, device: str) -> tuple[Mount, ...]:
        """Return every mount of the file system `major:minor`."""
        return tuple(self._by_device.get(device, ()))


def parse_mountinfo(text: str) -> MountTable:
    """Read /proc/PID/mountinfo; lines that are not as documented are left out."""
    mounts = []
    for line in text.split("\n"):
        left, dash, right = line.partition(" - ")
        fields, tail = left.split(" "), right.split(" ")
        if not dash or len(fields) < 6 or not (fields[0].isdecimal() and fields[1].isdecimal()):
            continue
        mounts.append(
            Mount(
                id=int(fields[0]),
                parent=int(fields[1]),
                device=fields[2],
                root=unescape(fields[3]),
                point=unescape(fields[4]),
                kind=tail[0],
                source=unescape(tail[1]) if len(tail) > 1 else "",
                super_options=tail[2] if len(tail) > 2 else "",
            )
        )
    return MountTable(tuple(mounts))


def translate(path: str, theirs: MountTable, ours: MountTable) -> Iterator[str]:
    """Yield the paths of `ours` that may be the file `path` of `theirs`, the likeliest first.

    They are only likely: the caller compares what lies there with what it saw.
    """
    mount = theirs.at(path)
    if mount is None:
        return
    inner = _join(mount.root, _below(mount.point, path))
    seen: set[str] = set()
    if mount.kind == "overlay":  # its layers outlive the container, and are the same file for all containers
        for layer in mount.layers():
            candidate = _join(layer, inner)
            if candidate not in seen:
                seen.add(candidate)
                yield candidate
    for other in ours.of_device(mount.device):
        if _covers(other.root, inner):
            candidate = _join(other.point, _below(other.root, inner))
            covering = ours.at(candidate)
            if candidate not in seen and covering is not None and covering.device == mount.device:
                seen.add(candidate)
                yield candidate


def _covers(folder: str, path: str) -> bool:
    return folder == "/" or path == folder or path.startswith(f"{folder}/")


def _below(folder: str, path: str) -> str:
    return path.lstrip("/") if folder == "/" else path[len(folder) :].lstrip("/")


def _join(folder: str, rest: str) -> str:
    rest = rest.lstrip("/")
    return f"{folder.rstrip('/')}/{rest}" if rest else folder


def _ancestors(path: str) -> list[str]:
    parts = path.rstrip("/").split("/")
    return ["/".join(parts[:end]) for end in range(len(parts) - 1, 1, -1)]


def _deepest(mounts: list[Mount], path: str) -> Mount | None:
    fitting = [m for m in mounts if _covers(m.point, path)]
    return max(fitting, key=lambda m: len(m.point), default=None)
