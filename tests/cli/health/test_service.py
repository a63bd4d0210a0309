"""What the service needs, in words."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from aiguard_agent.cli.health import service
from aiguard_agent.cli.health.check import Stand
from aiguard_agent.collect.host import Host
from aiguard_agent.config.load import parse
from aiguard_agent.config.schema import Config
from aiguard_agent.daemon.door import Door
from kept_ledger import T0, found, ledger_at, whole


def config(text: str) -> Config:
    return parse(text).config


def test_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong one is missing and defaults count for the rest; a good one says how much it sets."""
    monkeypatch.delenv("AIGUARD_CONFIG", raising=False)
    file = tmp_path / "config.yaml"
    file.write_text("logg: {}\nlog: {levl: info}\n")
    file.chmod(0o600)
    held, told = service.configuration(str(file))
    assert (held, told.stand, "and 1 more" in told.found) == (Config(), Stand.MISSING, True)

    file.write_text("log: {level: debug}\n")
    held, told = service.configuration(str(file))
    assert (held.log.level, told.stand, "1 keys set" in told.found) == ("debug", Stand.OK, True)


def test_documents(tmp_path: Path) -> None:
    """No inventory limits us; a broken one, or broken signatures, are missing, with the verb that shows all of it."""
    file, folder = tmp_path / "inventory.yaml", tmp_path / "signatures"
    folder.mkdir()
    given = config(f"scan: {{inventory: {file}, signatures: [{folder}]}}")
    none, good = service.documents(given)
    assert (none.stand, good.stand) == (Stand.LIMITED, Stand.OK)

    file.write_text("version: 1\nserverz: []\n")
    (folder / "x.yaml").write_text("nonsense: 1\n")
    inventory, signatures = service.documents(given)
    assert (inventory.stand, "inventory check" in inventory.step) == (Stand.MISSING, True)
    assert (signatures.stand, "signatures lint" in signatures.step) == (Stand.MISSING, True)

    file.write_text("version: 1\n")
    assert next(iter(service.documents(given))).stand is Stand.OK


def test_ledger_is_only_looked_at(tmp_path: Path) -> None:
    """Neither a folder nor a file is made, beside a ledger too; a foreign file in its place is missing."""
    directory = tmp_path / "state"
    assert [one.stand for one in service.ledger(Host(), directory)][::2] == [Stand.OK, Stand.OK]
    assert not directory.exists()
    with ledger_at(directory) as ledger:
        ledger.record(whole(T0, found("a")))
    before = sorted(directory.iterdir())

    *_rest, file = service.ledger(Host(), directory)

    assert (file.stand, "schema" in file.found) == (Stand.OK, True)
    assert sorted(directory.iterdir()) == before
    (directory / "ledger.db").write_bytes(b"x" * 4096)
    assert list(service.ledger(Host(), directory))[-1].stand is Stand.MISSING


def test_a_folder_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is missing, for the agent would forget everything, and the line to type is there."""
    monkeypatch.setattr("os.access", lambda _path, _mode: False)
    first = next(iter(service.ledger(Host(), tmp_path)))

    assert (first.stand, "install -d -m 0700" in first.step) == (Stand.MISSING, True)


@pytest.mark.parametrize(("kind", "stand"), [("ext4", Stand.OK), ("tmpfs", Stand.LIMITED), ("overlay", Stand.LIMITED)])
def test_a_ledger_that_a_restart_forgets(tmp_path: Path, kind: str, stand: Stand) -> None:
    """Memory and a container's own layer do not last."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mountinfo").write_text(f"22 1 0:20 / / rw - {kind} none rw\n")

    assert service.lasting(Host(tmp_path), tmp_path).stand is stand


def test_running(tmp_path: Path) -> None:
    """An agent that answers is told with its version and the sources that are down; nobody there is no error."""
    path = tmp_path / "s"
    given = config(f"status: {{socket: {path}}}")
    assert service.running(given)[1].stand is Stand.LIMITED
    assert service.running(config("status: {socket: off}"))[1].stand is Stand.LIMITED
    sources = [{"name": "tracefs", "up": False}]
    door = Door(path, lambda: {"version": "9", "sources": sources})
    door.open()
    try:
        assert "tracefs" in service.running(given)[1].found
        sources.clear()
        answer, told = service.running(given)
    finally:
        door.close()

    assert (answer["version"], told.stand, "version 9" in told.found) == ("9", Stand.OK, True)


def test_metrics() -> None:
    """Who listens is looked up, not tried: free, taken by others, or served by the agent itself."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        given = config(f"metrics: {{listen: '127.0.0.1:{port}'}}")
        assert service.metrics(given, agent_runs=False).stand is Stand.MISSING
        assert service.metrics(given, agent_runs=True).stand is Stand.OK
        assert (
            service.metrics(config(f"metrics: {{listen: '0.0.0.0:{port}'}}"), agent_runs=False).stand is Stand.MISSING
        )
        assert service.metrics(config(f"metrics: {{listen: '127.0.0.2:{port}'}}"), agent_runs=False).stand is Stand.OK
    assert service.metrics(given, agent_runs=False).stand is Stand.OK
    assert service.metrics(config("metrics: {listen: off}"), agent_runs=False).stand is Stand.OK
