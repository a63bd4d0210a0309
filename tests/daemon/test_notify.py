"""Words to the service manager."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiguard_agent.daemon import notify
from aiguard_agent.daemon.notify import Notifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        yield listening


def told(manager: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(manager.recv(4096).decode())
        except BlockingIOError:
            return found


def test_ready_reloading_and_stopping(manager: socket.socket) -> None:
    """Each is said in the words of sd_notify; a line break in the status cannot forge another word."""
    notifier = Notifier({"NOTIFY_SOCKET": str(manager.getsockname())})

    notifier.ready("well\nSTOPPING=1")
    notifier.reloading()
    notifier.stopping()

    ready, reloading, stopping = told(manager)
    assert (ready, stopping) == ("READY=1\nSTATUS=well STOPPING=1", "STOPPING=1")
    assert reloading.startswith("RELOADING=1\nMONOTONIC_USEC=")


def test_alive_speaks_when_there_is_something_to_say(manager: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """The manager hears a new status at once, the watchdog in time, and nothing else."""
    now = 100.0
    monkeypatch.setattr(notify.time, "monotonic", lambda: now)
    notifier = Notifier({"NOTIFY_SOCKET": str(manager.getsockname()), "WATCHDOG_USEC": "20000000"})
    notifier.alive("a")
    notifier.alive("a")
    now += 5.0
    notifier.alive("a")
    notifier.alive("b")

    assert told(manager) == ["WATCHDOG=1\nSTATUS=a", "WATCHDOG=1\nSTATUS=a", "WATCHDOG=1\nSTATUS=b"]


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, 0.0),
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
    ],
)
def test_the_watchdog_is_ours_or_nobodys(environ: dict[str, str], seconds: float) -> None:
    """Seconds are taken over only where they are meant for this process."""
    assert Notifier(environ).watchdog_seconds == seconds


@pytest.mark.parametrize("place", ["", "relative", "/nowhere/at/all", "@nobody-listens-here"])
def test_nobody_listens(place: str) -> None:
    """Without a manager, or with one that is gone, saying something changes nothing."""
    notifier = Notifier({"NOTIFY_SOCKET": place})
    notifier.ready("well")

    assert notifier.watchdog_seconds == 0.0
