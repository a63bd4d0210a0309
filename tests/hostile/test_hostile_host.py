"""A host that wants to break us: the scan ends in time, its output stays parseable, every loss is a blind spot."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

HERE = Path(__file__).parent
SOURCE = HERE.parent.parent / "src"
CROWD = 1000
PROBE_SECONDS = 4
NAME = b'=cmd|"\n\x1b[31m\xff,"evil'
"""argv[0] of the nasty process: a formula, a line break, an escape, a byte that is no UTF-8, quotes."""


def scan(*arguments: str) -> tuple[subprocess.CompletedProcess[bytes], float]:
    command = [sys.executable, "-m", "aiguard_agent", "scan", "--probe-seconds", str(PROBE_SECONDS), *arguments]
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, check=False, timeout=200, stdin=subprocess.DEVNULL)
    return done, time.monotonic() - started


class Nasty:
    """The nasty process, its pid and ports."""

    def __init__(self, folder: Path) -> None:
        certificate = folder / "broken.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "-1", "-subj", "/CN=wrong.example"]
            + ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
            check=False,
            capture_output=True,
        )
        if not (
            folder / "cert.pem"
        ).exists():  # an openssl that refuses negative days: expired in a day is broken enough
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=wrong.example"]
                + ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
                check=True,
                capture_output=True,
            )
        certificate.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
        self.process = subprocess.Popen(
            [NAME, str(HERE / "nasty_server.py"), str(certificate), str(CROWD)],
            executable=sys.executable,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.ports: dict[str, int] = json.loads(self.process.stdout.readline())

    def canary_visits(self) -> int:
        """How often somebody followed the redirect."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write("?\n")
        self.process.stdin.flush()
        return int(json.loads(self.process.stdout.readline())["canary"])

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nasty]:
    found = Nasty(tmp_path_factory.mktemp("nasty"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def outcome(nasty: Nasty) -> tuple[dict[str, Any], float]:
    done, seconds = scan("--format", "json", "--no-stores")
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report, seconds


def test_the_scan_ends_in_its_time_budget(outcome: tuple[dict[str, Any], float]) -> None:
    """Endless answers, a gigabyte, silence and a thousand listeners: the time for questions is what was asked for."""
    report, _seconds = outcome

    assert report["duration_ms"] < (PROBE_SECONDS + 20) * 1000
    assert report["summary"]["listeners"] >= CROWD


def test_no_redirect_is_followed(nasty: Nasty, outcome: tuple[dict[str, Any], float]) -> None:
    """The redirecting server was asked, and nobody came to where it pointed."""
    assert outcome[0]["summary"]["probed"] is True

    assert nasty.canary_visits() == 0


def test_a_named_nasty_server_is_reported_whole(nasty: Nasty, tmp_path: Path) -> None:
    """When a signature makes the nasty process an AI server, its words stay inside their fields in every format."""
    (tmp_path / "nasty.yaml").write_text(
        "id: nasty\nname: Nasty\ncategory: llm-server\nverified_on: {date: '2026-11-25', how: live}\n"
        "process: {cmdline: ['nasty_server\\.py']}\n"
        "probes: [{id: v, get: /v}]\nversion: [{probe: v, json: version}]\n"
        "models: [{probe: v, json: 'models[].name'}]\n"
    )
    arguments = ("--signatures", str(tmp_path), "--no-stores")

    whole = json.loads(scan(*arguments, "--format", "json")[0].stdout)
    lines = [json.loads(line) for line in scan(*arguments, "--format", "ndjson")[0].stdout.splitlines()]
    rows = list(csv.reader(io.StringIO(scan(*arguments, "--format", "csv")[0].stdout.decode(), newline="")))
    text = scan(*arguments)[0].stdout.decode()

    server = next(s for s in whole["servers"] if s["product"] == "nasty" and s["pid"] == nasty.process.pid)
    assert "forever" not in server["version"]
    lost = {blind["kind"] for blind in whole["blind"] if f"pid {nasty.process.pid}" in blind["subject"]}
    assert lost & {"timeout", "budget"}, "endless and silent servers are blind spots"
    assert {line["record"] for line in lines} <= {"host", "server", "model", "finding", "blind", "summary"}
    assert len({len(row) for row in rows}) == 1
    assert not any(field.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for field in row)
    assert "\x1b" not in text and "\u202e" not in text


def system_python() -> str:
    """A Python that another user may run, of the same version as ours; "" when there is none."""
    wanted = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return next((p for p in (f"/usr/bin/{wanted}", f"/usr/local/bin/{wanted}") if Path(p).exists()), "")


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a /proc with hidepid")
@pytest.mark.skipif(not system_python(), reason="no system Python of this version that another user may run")
@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare (util-linux)")
def test_an_unreadable_proc_is_said(nasty: Nasty, tmp_path: Path) -> None:
    """A stranger under hidepid sees himself alone; the scan works, and says that it saw next to nothing."""
    assert nasty.process.poll() is None
    readable = tmp_path / "lib"
    shutil.copytree(SOURCE / "aiguard_agent", readable / "aiguard_agent", copy_function=shutil.copyfile)
    for package in ("msgspec", "yaml", "packaging", "psutil"):
        shutil.copytree(Path(sysconfig.get_path("platlib")) / package, readable / package)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o055)
    stranger = "setpriv --reuid=65534 --regid=65534 --clear-groups"
    agent = f"env PYTHONPATH={readable} HOME=/nonexistent {system_python()} -m aiguard_agent scan --format json"
    inner = f"mount -t proc -o hidepid=2 proc /proc && exec {stranger} {agent}"

    done = subprocess.run(["unshare", "--mount", "sh", "-c", inner], capture_output=True, check=False, timeout=120)

    assert done.returncode == 0, done.stderr.decode()
    report = json.loads(done.stdout)
    assert report["host"]["rootless"] is True
    assert report["summary"]["processes"] < 10
    assert any("hidepid" in blind["reason"] for blind in report["blind"]), report["blind"]
    assert any(finding["id"] == "blind-spot" for finding in report["findings"])
