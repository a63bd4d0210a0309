"""A running agent under test, and stand-ins for model servers that start in milliseconds.

A stand-in is a copy of the Python interpreter named `ollama` that runs a script named `serve` and answers as Ollama
does: the real program loads for seconds, and what is measured here is the agent.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

SERVE = """\
import http.server, json, os, signal, sys, time

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = {"/": "Ollama is running", "/api/version": '{"version": "0.9.9"}', "/api/tags": '{"models": []}'}
        body = known.get(self.path, "404 page not found").encode()
        self.send_response(200 if self.path in known else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass

server = http.server.HTTPServer((sys.argv[2], int(sys.argv[1])), Answer, bind_and_activate=False)
server.server_bind()
at = time.monotonic()
server.server_activate()
held = open(sys.argv[3], "rb") if len(sys.argv) > 3 else None
print(at, flush=True)
server.serve_forever()
"""
SETTINGS = """\
ledger: {{directory: {state}, reserve: 1MiB, keep_free: 1MiB, keep_free_percent: 0%}}
status: {{socket: {run}/status.sock}}
metrics: {{listen: off}}
scan: {{inventory: off, stores: false, paths: {paths}}}
findings: {{flapping_window: 0s}}
budget: {{cpu: 100%, probes_per_minute: 100000}}
log: {{level: debug, rate_limit: 0}}
{more}
"""
SEEN = "SELECT count(*) FROM findings WHERE state = 'open' AND subject = ?"


class Agent:
    """One `aiguard-agent run` in a folder of its own."""

    def __init__(self, folder: Path, *, more: str = "", paths: Sequence[Path] = ()) -> None:
        self.folder, self.state, self.run = folder, folder / "state", folder / "run"
        self.run.mkdir(parents=True, exist_ok=True)
        self.config = folder / "config.yaml"
        self.log = folder / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self.configure(more, paths)

    def configure(self, more: str = "", paths: Sequence[Path] = ()) -> None:
        """Write the configuration."""
        text = SETTINGS.format(
            state=self.state, run=self.run, more=more, paths=json.dumps([str(path) for path in paths])
        )
        self.config.write_text(text)

    def start(self, *, ready: bool = True, environ: Mapping[str, str] | None = None) -> Agent:
        """Start it and wait until it says that it is ready."""
        with self.log.open("ab") as log:
            place = self.log.stat().st_size
            self.process = subprocess.Popen(
                [sys.executable, "-m", "aiguard_agent", "run", "--config", str(self.config)],
                stderr=log,
                env={**os.environ, **(environ or {})},
            )
        if ready:
            wait(lambda: self.said("ready", place), 30, self.text)
        return self

    @property
    def pid(self) -> int:
        """Process id of the running agent."""
        assert self.process is not None
        return self.process.pid

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(20)

    def __enter__(self) -> Agent:
        return self.start() if self.process is None else self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.kill()

    def text(self) -> str:
        """Return the end of the log."""
        return self.log.read_text(errors="replace")[-4000:]

    def lines(self, event: str, place: int = 0) -> list[dict[str, Any]]:
        """Return the log lines of one event."""
        with self.log.open("rb") as log:
            log.seek(place)
            data = log.read().decode(errors="replace")
        found = [json.loads(line) for line in data.splitlines() if line.startswith("{") and line.endswith("}")]
        return [line for line in found if line.get("event") == event]

    def said(self, event: str, place: int = 0) -> bool:
        """Tell whether the log holds an event."""
        return bool(self.lines(event, place))

    def rows(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the ledger from outside: only what is committed is seen."""
        with contextlib.closing(sqlite3.connect(f"file:{self.state}/ledger.db?mode=ro", uri=True)) as ledger:
            ledger.execute("PRAGMA busy_timeout = 2000")
            return ledger.execute(question, values).fetchall()

    def open_findings(self, rule: str) -> list[str]:
        """Return the subjects of the open findings of a rule."""
        return [row[0] for row in self.rows("SELECT subject FROM findings WHERE state = 'open' AND rule = ?", rule)]

    def sees(self, port: int) -> bool:
        """Tell whether a finding about the server at a port is open in the ledger."""
        return bool(self.rows(SEEN, subject(port))[0][0])

    def status(self) -> dict[str, Any]:
        """Ask the status door."""
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(5)
            channel.connect(str(self.run / "status.sock"))
            data = b""
            while chunk := channel.recv(1 << 16):
                data += chunk
        answer = json.loads(data)
        assert isinstance(answer, dict)
        return answer

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """Return (id, body) of all events in the outbox."""
        lanes = ("critical", "finding", "info", "inventory", "telemetry")
        return [
            (row[0], json.loads(row[1])) for lane in lanes for row in self.rows(f"SELECT id, body FROM outbox_{lane}")
        ]


def subject(port: int) -> str:
    """Return what findings about a stand-in are about."""
    return f"ollama@{socket.gethostname()}:{port}"


def wait(question: Callable[[], object], seconds: float, words: Callable[[], str] = str) -> float:
    """Wait until the answer is yes; returns when that was. Raises when the time is over."""
    end = time.monotonic() + seconds
    while not question():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s: {words()}")
        time.sleep(0.004)
    return time.monotonic()


class StandIn:
    """One stand-in server, from its listen() on."""

    def __init__(self, folder: Path, port: int, *, address: str = "127.0.0.1", model: Path | None = None) -> None:
        self.port = port
        program = folder / "bin" / "ollama"
        if not program.exists():
            make_stand_in(folder)
        arguments = [str(port), address, *([str(model)] if model else [])]
        self._process = subprocess.Popen(
            [str(program), "serve", *arguments], cwd=folder / "bin", stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.listened_at = float(self._process.stdout.readline())
        self.pid = self._process.pid

    def stop(self) -> float:
        """End it; returns when its socket was closed."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        return time.monotonic()

    def __enter__(self) -> StandIn:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.stop()


def make_stand_in(folder: Path) -> None:
    """Write the program and the script that it runs."""
    home = folder / "bin"
    home.mkdir(parents=True, exist_ok=True)
    real = Path(sys.executable).resolve()
    (home / "ollama").write_bytes(real.read_bytes())
    (home / "ollama").chmod(0o755)
    (home / "serve").write_text(SERVE)


def free_ports(count: int) -> list[int]:
    """Return loopback ports that are free just now, below those that the kernel hands out: such a port is a name."""
    found: list[int] = []
    for port in range(20_000 + os.getpid() % 4000, 32_000):
        with socket.socket() as tried, contextlib.suppress(OSError):
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            break
    return found


def starts_and_stops(agent: Agent, ports: Sequence[int]) -> Iterator[tuple[float, float]]:
    """Start and stop one server after the other; yield the seconds until it is known, and until it is resolved."""
    for port in ports:
        with StandIn(agent.folder, port) as server:
            seen = wait(lambda: agent.sees(server.port), 10, agent.text) - server.listened_at
            stopped = server.stop()
        yield seen, wait(lambda: not agent.sees(server.port), 10, agent.text) - stopped
