"""A tracing instance of our own, where this kernel has tracefs."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from aiguard_agent.core.hint import HintKind
from aiguard_agent.watch.watchers import tracefs
from aiguard_agent.watch.watchers.tracefs import WATCHER, remove_stale

pytestmark = pytest.mark.root


@pytest.fixture(autouse=True)
def mounted(tracing: Path) -> None:
    """Skip where tracefs cannot be mounted."""
    if not (tracing / "instances").is_dir():
        pytest.skip("no tracefs that may be mounted")


def test_a_program_and_a_port_are_told(opened, wait, tracing: Path, run_true: Callable[[], int]) -> None:
    """An exec and a listen() are told as they happen, the port with the process that opened it; closing is told."""
    source = opened(WATCHER)

    pid = run_true()
    wait(source, lambda hint: hint.kind is HintKind.PROCESS and hint.pid == pid)
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        hint = wait(source, lambda hint: hint.port == port)[-1]
    gone = wait(source, lambda hint: hint.port == port)[-1]

    assert (hint.kind, hint.pid, hint.subject) == (
        HintKind.LISTENER,
        os.getpid(),
        f"127.0.0.1:{port} by pid {os.getpid()}",
    )
    assert gone.gone


def test_connections_are_no_news(opened, wait, tracing: Path) -> None:
    """A client that connects tells nothing: the kernel filters it."""
    source = opened(WATCHER, kinds=frozenset({HintKind.LISTENER}))
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", port)):
                door.accept()[0].close()

    hints = [hint for hint in wait(source, lambda hint: hint.port == port and hint.gone) if hint.port == port]

    assert [hint.gone for hint in hints] == [False, True]


@pytest.mark.root
def test_a_port_in_any_namespace_is_told(opened, wait, tracing: Path, namespace_server) -> None:
    """Namespaces make no difference to it."""
    source = opened(WATCHER)

    pid, _ = namespace_server()

    assert wait(source, lambda hint: hint.port == 9191)[-1].pid == pid


def test_the_instance_is_removed_at_the_end(opened, tracing: Path) -> None:
    """Nothing of ours is left in tracefs."""
    source = opened(WATCHER)
    folder = tracing / f"instances/aiguard-{os.getpid()}"
    assert folder.is_dir()

    source.close()

    assert not folder.exists()


def test_instances_of_dead_agents_are_cleared_away(tracing: Path) -> None:
    """An instance whose agent is dead goes; one of a living process, or of somebody else, stays."""
    instances = tracing / "instances"
    process = subprocess.Popen(["true"])
    process.wait()
    dead, alive, foreign = f"aiguard-{process.pid}", "aiguard-1", f"other-{process.pid}"
    for name in (dead, alive, foreign):
        (instances / name).mkdir()
    try:
        remove_stale(tracing)

        assert {name for name in os.listdir(instances) if name in (dead, alive, foreign)} == {alive, foreign}
    finally:
        for name in (alive, foreign):
            tracefs.remove(instances / name)


def test_an_event_that_is_refused_leaves_no_instance(
    host, settings, tracing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel without one of the events is an error, and the instance is taken back."""

    monkeypatch.setitem(tracefs._EVENTS, HintKind.LISTENER, "sock/no_such_event")

    with pytest.raises(FileNotFoundError):
        WATCHER.open(host, settings)

    assert not (tracing / f"instances/aiguard-{os.getpid()}").exists()


def test_a_host_without_tracefs(host, settings, tmp_path: Path) -> None:
    """Not mounted is an error that says so."""
    from dataclasses import replace

    with pytest.raises(OSError, match="not mounted"):
        WATCHER.open(host, replace(settings, tracefs=(str(tmp_path),)))
