"""Harmless deeds."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.watch import canary
from aiguard_agent.watch.canary import both, make_file, open_port, run_program, scratch_folder
from aiguard_agent.watch.watcher import Deed


def process(pid: int) -> Hint:
    return Hint(source="s", kind=HintKind.PROCESS, subject="", at=0.0, pid=pid)


def children() -> list[str]:
    return Path("/proc/thread-self/children").read_text().split()


def test_a_program_runs_and_is_reaped() -> None:
    """It is a child of ours for a moment; undone, no zombie is left."""
    before = children()
    deed = run_program()
    (pid,) = set(children()) - set(before)
    deed.tell(process(int(pid)))

    deed.undo()

    assert deed.seen
    assert children() == before


def test_a_program_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Clearing up never waits for a program that does not end."""
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    monkeypatch.setattr(canary, "TRUE", (str(slow),))
    before = children()

    run_program().undo()

    assert children() == before


def test_without_true_the_interpreter_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """An image of one file has no `true`; Python told to do nothing stands in."""
    monkeypatch.setattr(canary, "TRUE", ("/no/such/true",))
    deed = run_program()
    pid = int(children()[-1])

    assert os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT).si_status == 0  # type: ignore[union-attr] # it has ended
    deed.undo()


def test_a_port_is_open_until_undone() -> None:
    """It listens on loopback alone, and is closed afterwards."""
    before = len(os.listdir("/proc/self/fd"))
    deed = open_port()
    assert len(os.listdir("/proc/self/fd")) == before + 1

    deed.undo()

    assert len(os.listdir("/proc/self/fd")) == before


def test_a_port_is_told_by_its_number() -> None:
    """The hint of another port proves nothing."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        deed = open_port()
        hint = Hint(source="s", kind=HintKind.LISTENER, subject="", at=0.0, port=other.getsockname()[1])
        deed.tell(hint)

    assert not deed.seen
    deed.undo()


def test_a_file_comes_and_goes(tmp_path: Path) -> None:
    """It carries a model's name, and is deleted afterwards."""
    deed = make_file(str(tmp_path))
    (path,) = tmp_path.iterdir()
    assert path.suffix == ".gguf"
    deed.tell(Hint(source="s", kind=HintKind.FILE, subject="", at=0.0, path=str(path)))

    deed.undo()

    assert deed.seen
    assert list(tmp_path.iterdir()) == []


def test_two_deeds_in_one() -> None:
    """It is seen when both are, and undoes both."""
    done: list[str] = []
    deed = both(
        Deed([lambda hint: hint.pid == 1], lambda: done.append("one"), 5.0),
        Deed([lambda hint: hint.pid == 2], lambda: done.append("other"), 4.0),
    )
    deed.tell(process(1))
    assert not deed.seen
    deed.tell(process(2))

    deed.undo()

    assert (deed.seen, deed.at, done) == (True, 4.0, ["one", "other"])


def test_scratch(tmp_path: Path) -> None:
    """A chosen folder is used and left alone; without one a private folder is made that is ours to remove."""
    assert scratch_folder(str(tmp_path)) == (str(tmp_path), False)
    folder, ours = scratch_folder("")

    assert ours
    assert Path(folder).stat().st_mode & 0o777 == 0o700
    Path(folder).rmdir()
