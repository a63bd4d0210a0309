"""Files that somebody asked for."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from aiguard_agent.cli.files import write_file


def test_a_file_is_replaced_whole_with_its_mode(tmp_path: Path) -> None:
    """Who may read it stays who may read it, and nothing else is left in the folder."""
    path = tmp_path / "out"
    path.write_text("old")
    path.chmod(0o640)

    write_file(path, b"new")

    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["out"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be written whole is not there at all."""
    path = tmp_path / "out"
    path.write_text("old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(OSError, match="No space"):
        write_file(path, b"new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out"]


def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    """A link that somebody put under the name of our report does not lead us to write elsewhere."""
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "out").symlink_to("victim")

    write_file(tmp_path / "out", b"new")

    assert (tmp_path / "victim").read_text() == "precious"
    assert (tmp_path / "out").read_text() == "new"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    """A FIFO or a device stays what it is."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()

    write_file(path, b"new")
    reader.join(10)

    assert got == [b"new"]
    assert stat.S_ISFIFO(path.stat().st_mode)
