"""The Debian package, built, and the life it leads in a booted machine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machines import booted, wait_for

REPOSITORY = Path(__file__).parents[2]
UNIT = "aiguard-agent.service"
STATE = "/var/lib/aiguard-agent"
SOCKET = "/run/aiguard-agent/status.sock"
PLACES = (STATE, "/etc/aiguard-agent", "/run/aiguard-agent", "/usr/lib/aiguard-agent", "/usr/bin/aiguard-agent")
LEDGER = f"""
import json, sqlite3
ledger = sqlite3.connect("file:{STATE}/ledger.db?mode=ro", uri=True)
print(json.dumps(ledger.execute("SELECT key, opened_at, state FROM findings ORDER BY key").fetchall()))
"""


def build(folder: Path, version: str, pythons: str = "3.11 3.12 3.13") -> Path:
    """Build the package of this checkout; return its path."""
    env = {**os.environ, "PYTHON": sys.executable, "VERSION": version, "PYTHONS": pythons}
    command = [str(REPOSITORY / "deploy" / "deb" / "build"), str(folder)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"build failed: {done.stderr[-1500:]}")
    return Path(done.stdout.strip())


def init_of(pid: int) -> int:
    """Find the first process of the PID namespace that `pid` lives in."""
    while True:
        fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        if fields["NSpid"].split()[-1] == "1":
            return pid
        pid = int(fields["PPid"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A booted machine: commands run inside it."""

    init: int
    root: Path

    def run(self, *command: str, good: bool = True, feed: str = "") -> str:
        """Run a command inside; return what it prints."""
        inside = ["nsenter", "--target", str(self.init), "--all", "--", *command]
        done = subprocess.run(inside, input=feed, capture_output=True, text=True, timeout=120, check=False)
        if good and done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} said {done.returncode}: {(done.stderr or done.stdout)[-1500:]}")
        return done.stdout

    def write(self, path: str, text: str) -> None:
        """Write a file inside, readable for all."""
        self.run("install", "-D", "-m", "644", "/dev/stdin", path, feed=text)

    def install(self, package: Path) -> None:
        """Hand the package to dpkg."""
        inside = self.root / "root" / package.name
        inside.write_bytes(package.read_bytes())
        self.run("dpkg", "--install", f"/root/{package.name}")

    def shows(self, name: str) -> str:
        """Return one property of the unit."""
        return self.run("systemctl", "show", UNIT, "--value", "--property", name).strip()

    def main(self) -> int:
        """Return the pid of the agent, as the machine counts."""
        return int(self.shows("MainPID") or 0)

    def is_up(self) -> bool:
        """Tell whether the agent has said READY."""
        return self.shows("ActiveState") == "active" and self.shows("SubState") == "running"

    def send(self, signal: str) -> None:
        """Send the agent a signal; a small root has no program called kill."""
        self.run("systemctl", "kill", f"--signal={signal}", "--kill-whom=main", UNIT)

    def until_up(self, but: int = 0) -> int:
        """Wait until an agent other than `but` is ready; return its pid."""
        wait_for("the agent", lambda: self.is_up() and self.main() not in (0, but))
        return self.main()

    def process(self, pid: int) -> dict[str, str]:
        """Return /proc/PID/status of the agent."""
        lines = self.run("cat", f"/proc/{pid}/status").splitlines()
        return {key: value.strip() for key, value in (line.split(":", 1) for line in lines)}

    def status(self) -> dict[str, Any]:
        """Ask the agent how it is."""
        command = ("aiguard-agent", "status", "--socket", SOCKET, "--format", "json")
        answer: dict[str, Any] = json.loads(self.run(*command, good=False))
        return answer

    def findings(self) -> dict[str, tuple[float, str]]:
        """Read key, opening and state of every finding from the ledger."""
        rows = json.loads(self.run("python3", "-I", "-c", LEDGER))
        return {key: (opened, state) for key, opened, state in rows}

    def journal(self) -> str:
        """Return what the unit has logged."""
        return self.run("journalctl", "--unit", UNIT, "--output", "cat", "--no-pager")

    def left(self) -> list[str]:
        """Name what of the agent is on the disk."""
        found = self.run("find", "/etc", "/usr", "/var/lib", "/run", "-xdev", "-name", "*aiguard*").split()
        ours = [path for path in found if not path.startswith("/var/lib/dpkg/info/")]
        return ours + [line for line in self.run("cat", "/etc/passwd", "/etc/group").split() if "aiguard" in line]


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """Have a booted machine with the tiny model server in it."""
    with booted(folder) as (pid, root):
        yield Machine(init=init_of(pid), root=root)
