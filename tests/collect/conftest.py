"""A host in a folder, written one process at a time."""

import os
from pathlib import Path

import pytest

from aiguard_agent.collect.host import Host

NET = "net:[4026531840]"


class FakeHost:
    """Writes what a kernel would show below `root`; `host()` opens it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("proc/stat", "cpu 1 2 3\nbtime 1700000000\n")
        self.write("etc/passwd", "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n")

    def host(self) -> Host:
        return Host(self.root)

    def write(self, path: str, data: str | bytes) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data if isinstance(data, bytes) else data.encode())
        return target

    def link(self, path: str, target: str | bytes) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(os.fsdecode(target))

    def process(
        self,
        pid: int,
        *,
        argv: tuple[str | bytes, ...] = ("sleep", "1"),
        comm: str | bytes = "sleep",
        exe: str | None = "/usr/bin/sleep",
        ppid: int = 1,
        state: str = "S",
        uid: int = 0,
        net: str | None = NET,
        cgroup: str = "0::/\n",
        start: int = 100,
        flags: int = 0,
        sockets: tuple[int, ...] = (),
        files: tuple[str, ...] = (),
        environ: bytes | None = None,
    ) -> Path:
        folder = f"proc/{pid}"
        name = comm if isinstance(comm, bytes) else comm.encode()
        tail = [state, ppid, pid, pid, 0, -1, flags, *[0] * 10, 3, 0, start + pid, 0, 25, *[0] * 22, 7]
        self.write(f"{folder}/stat", f"{pid} (".encode() + name + b") " + " ".join(map(str, tail)).encode() + b"\n")
        words = [word if isinstance(word, bytes) else word.encode() for word in argv]
        self.write(f"{folder}/cmdline", b"".join(word + b"\0" for word in words))
        self.write(f"{folder}/status", f"Name:\tx\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n")
        self.write(f"{folder}/cgroup", cgroup)
        if exe is not None:
            self.link(f"{folder}/exe", exe)
        if net is not None:
            self.link(f"{folder}/ns/net", net)
        (self.root / folder / "fd").mkdir()
        for number, target in enumerate([*(f"socket:[{inode}]" for inode in sockets), *files]):
            self.link(f"{folder}/fd/{number}", target)
        if environ is not None:
            self.write(f"{folder}/environ", environ)
        return self.root / folder


@pytest.fixture
def fake(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)
