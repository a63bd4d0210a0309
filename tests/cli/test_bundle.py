"""What is in a support bundle, and what is not."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from aiguard_agent.cli.bundle import EVENTS, Piece, gather, packed
from aiguard_agent.collect.host import Host
from aiguard_agent.core.finding import Severity
from aiguard_agent.daemon.door import Door
from aiguard_agent.ledger.change import AssetSeen, Change
from kept_ledger import T0, found, ledger_at, plain_event, whole

SECRET = "hunter2-hunter2"
TELLING = ("acme", "alice", "my state", SECRET, "/api/tags", "answers everybody")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration and a ledger full of names."""
    monkeypatch.setenv("SUDO_USER", "alice")
    (tmp_path / "token").write_text(SECRET)
    (tmp_path / "token").chmod(0o600)
    path = tmp_path / "acme.yaml"
    path.write_text(
        f"ledger: {{directory: {tmp_path}/my state/x}}\nstatus: {{socket: {tmp_path}/acme.sock, group: acme}}\n"
        f"metrics: {{listen: '10.9.8.7:4000', bearer_token: {{file: {tmp_path}/token}}}}\nlog: {{level: debug}}\n"
        "scan: {paths: [/srv/acme models]}\n"
    )
    path.chmod(0o600)
    document = {"product": "vllm", "user": "alice", "exe": "/opt/acme/run", "models": ["acme-secret-7b"]}
    server = AssetSeen(id="vllm@acme:8000", kind="server", document=document)
    with ledger_at(tmp_path / "my state/x") as ledger:
        ledger.record(whole(T0, found("vllm@acme:8000", Severity.CRITICAL), assets=(server,)))
        ledger.record(Change(at=T0, events=tuple(plain_event(n, kind="guard", of="alice") for n in range(EVENTS))))
    return path


def contents(pieces: tuple[Piece, ...]) -> dict[str, Any]:
    return {one.name: json.loads(one.data) for one in pieces if one.name.endswith(".json")}


def test_no_name_is_in_it(config: Path) -> None:
    """Neither names nor paths nor secrets nor what a server said, of configuration, ledger or running agent."""
    answer = {
        "version": "9",
        "config": {"path": str(config), "problems": [f"bearer_token: {SECRET}"]},
        "sources": [{"name": "tracefs", "up": True, "words": "watches /home/alice/x", "proof": "proven"}],
        "blind": [{"collector": "stores", "subject": "/srv/acme models", "reason": "alice says no"}],
    }
    door = Door(config.parent / "acme.sock", lambda: answer)
    door.open()
    try:
        pieces = gather(Host(), str(config), "")
    finally:
        door.close()

    told = b"".join(one.data for one in pieces).decode()
    assert [word for word in (*TELLING, os.uname().nodename, str(config.parent), "10.9.8.7") if word in told] == []
    assert "redacted:" in told


def test_what_helps_is_in_it(config: Path) -> None:
    """Versions, the keys as they are set, every check, counts, and the newest events with words of ours."""
    pieces = gather(Host(), str(config), "")
    told = contents(pieces)

    keys = {one["key"]: one["value"] for one in told["config.json"]}
    assert (keys["log.level"], keys["metrics.bearer_token"], keys["probe.enabled"]) == ("debug", "(set)", "true")
    assert len(told["doctor.json"]["checks"]) > 20
    assert told["status.json"] == {"error": "no agent answered"}
    assert told["ledger.json"]["events"]["critical"] == 1
    assert told["ledger.json"]["files"]["ledger.db"] > 0
    assert told["last-look.json"]["products"] == {"vllm": 1}
    assert told["last-look.json"]["severities"] == {"critical": 1}
    events = [json.loads(line) for line in next(o.data for o in pieces if o.name == "events.ndjson").splitlines()]
    assert (len(events), events[-1]["body"]["kind"], events[-1]["lane"]) == (EVENTS, "guard", "telemetry")


def test_the_manifest_is_true(config: Path) -> None:
    """It names every other file with size and sum, what it holds and what was taken out."""
    manifest, *others = gather(Host(), str(config), "")

    listed = json.loads(manifest.data)["files"]
    assert [(one["name"], one["bytes"], one["sha256"]) for one in listed] == [
        (one.name, len(one.data), hashlib.sha256(one.data).hexdigest()) for one in others
    ]
    assert all(one["holds"] and one["removed"] for one in listed)


def test_nothing_can_be_had(tmp_path: Path) -> None:
    """A broken configuration and no ledger leave a bundle that says so, without quoting the document."""
    config = tmp_path / "config.yaml"
    config.write_text(f"metrics: {{bearer_token: {SECRET}}}\n")
    config.chmod(0o600)
    (tmp_path / "state").mkdir()

    pieces = gather(Host(), str(config), str(tmp_path / "state"))

    told = contents(pieces)
    assert SECRET not in b"".join(one.data for one in pieces).decode()
    assert "no ledger at redacted:" in told["ledger.json"]["error"]
    assert told["doctor.json"]["summary"]["missing"] >= 1


def test_hashes_are_equal_from_bundle_to_bundle(config: Path) -> None:
    """The same name has the same hash in the next bundle of the host."""
    first, second = (contents(gather(Host(), str(config), ""))["config.json"] for _ in range(2))

    assert first == second


def test_packed() -> None:
    """A .tar.gz in order, for its owner alone, without names and times of who made it."""
    data = packed((Piece(name="a.json", data=b"{}", holds="x", removed="y"),))

    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        (member,) = archive.getmembers()
        assert (member.name, member.mode, member.uname, member.mtime) == ("a.json", 0o600, "", 0)
        assert archive.extractfile(member).read() == b"{}"  # type: ignore[union-attr]  # it is a file
