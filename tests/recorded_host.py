"""Build recorded hosts in a folder: what /proc, /etc and the disk of a small machine show, for whole-program tests."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NETNS = 4026531840
BOOT = 1_795_600_000


def gguf(name: str = "tiny", architecture: str = "llama") -> bytes:
    """A GGUF v3 file with one 2x2 F32 tensor."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    pairs = [("general.architecture", architecture), ("general.name", name), ("general.license", "apache-2.0")]
    header = b"GGUF" + struct.pack("<IQQ", 3, 1, len(pairs))
    header += b"".join(text(key) + struct.pack("<I", 8) + text(value) for key, value in pairs)
    header += text("blk.0.weight") + struct.pack("<IQQIQ", 2, 2, 2, 0, 0)
    return header + b"\0" * (-len(header) % 32) + bytes(16)


def safetensors(names: Sequence[str] = ("w",)) -> bytes:
    """A safetensors file with a 2x2 F32 tensor for each name."""
    head = {n: {"dtype": "F32", "shape": [2, 2], "data_offsets": [i * 16, i * 16 + 16]} for i, n in enumerate(names)}
    text = json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + bytes(16 * len(names))


@dataclass
class RecordedHost:
    """A folder that stands in for a host."""

    root: Path
    hostname: str = "gpu-07"
    answers: list[dict[str, Any]] = field(default_factory=list)
    _inode: int = 50_000

    def __post_init__(self) -> None:
        self.write("/proc/sys/kernel/hostname", f"{self.hostname}\n")
        self.write("/proc/sys/kernel/osrelease", "6.1.0-test\n")
        self.write("/proc/sys/kernel/random/boot_id", "00000000-0000-4000-8000-000000000000\n")
        self.write("/proc/stat", f"cpu  0\nbtime {BOOT}\n")
        self.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n")
        self.write("/proc/self/status", "CapEff:\t000001ffffffffff\n")
        self._tcp: list[str] = ["  sl  local_address rem_address   st"]

    def write(self, path: str, data: str | bytes) -> None:
        """Write a file of the host."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data)

    def link(self, path: str, target: str) -> None:
        """Make a symbolic link of the host; it may dangle."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)

    def process(
        self,
        pid: int,
        argv: Sequence[str],
        *,
        exe: str = "",
        comm: str = "",
        uid: int = 0,
        ppid: int = 1,
        cwd: str = "/",
        cgroup: str = "0::/\n",
        listen: Sequence[str] = (),
        opened: Sequence[str] = (),
        mapped: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        state: str = "S",
    ) -> None:
        """Add one process; `listen` are `address:port` of IPv4 sockets that it owns."""
        place = f"/proc/{pid}"
        name = comm or argv[0].rpartition("/")[2][:15]
        rest = [state, str(ppid), *["0"] * 15, "1", "0", str(pid * 10), "0", "200000", *["0"] * 20]
        rest[17], rest[19] = "1", str(pid * 10)
        self.write(f"{place}/stat", f"{pid} ({name}) " + " ".join(rest) + "\n")
        self.write(f"{place}/cmdline", "".join(f"{word}\0" for word in argv))
        self.write(f"{place}/cgroup", cgroup)
        self.write(f"{place}/status", f"Name:\t{name}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n")
        self.write(f"{place}/environ", "".join(f"{k}={v}\0" for k, v in (env or {}).items()))
        self.write(f"{place}/maps", "".join(self._map(i, path) for i, path in enumerate(mapped)))
        self.write(f"{place}/mountinfo", "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n")
        self.link(f"{place}/exe", exe or argv[0])
        self.link(f"{place}/cwd", cwd)
        self.link(f"{place}/ns/net", f"net:[{NETNS}]")
        targets = ["/dev/null", *opened, *(self._listen(text, uid) for text in listen)]
        for number, target in enumerate(targets):
            self.link(f"{place}/fd/{number}", target)

    def answer(self, pid: int, port: int, path: str, status: int = 200, body: Any = "", **headers: str) -> None:
        """Record what a server answers."""
        text = body if isinstance(body, str) else json.dumps(body)
        pairs = [[key.replace("_", "-"), value] for key, value in headers.items()]
        entry = {"pid": pid, "port": port, "method": "GET", "path": path, "status": status, "headers": pairs}
        self.answers.append({**entry, "body": text, "tls": False})

    def finish(self) -> Path:
        """Write what belongs to the whole host, and return its root."""
        self.write("/proc/net/tcp", "\n".join(self._tcp) + "\n")
        self.write("/proc/net/tcp6", "header\n")
        self.write("/proc/net/dev", "Inter-|\n face |\n    lo: 0\n  eth0: 0\n")
        for place in sorted((self.root / "proc").glob("[0-9]*")):
            for name in ("tcp", "tcp6", "dev"):
                self.write(f"/proc/{place.name}/net/{name}", (self.root / "proc" / "net" / name).read_bytes())
        self.write("/aiguard-answers.json", json.dumps(self.answers))
        return self.root

    def _listen(self, text: str, uid: int) -> str:
        address, _colon, port = text.rpartition(":")
        self._inode += 1
        packed = "".join(f"{int(part):02X}" for part in reversed(address.split(".")))
        row = (
            f"{len(self._tcp) - 1:4d}: {packed}:{int(port):04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000"
        )
        self._tcp.append(f"{row} {uid:5d}        0 {self._inode} 1 0000000000000000 100 0 0 10 0")
        return f"socket:[{self._inode}]"

    def _map(self, number: int, path: str) -> str:
        start = 0x7F0000000000 + number * 0x1000
        return f"{start:x}-{start + 0x1000:x} r--s 00000000 08:01 {100 + number}                     {path}\n"
