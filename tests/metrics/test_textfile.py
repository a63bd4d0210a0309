"""The file for node_exporter's textfile collector."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from metric_examples import VOCABULARY, crowded, ordinary, report
from prometheus_client.parser import text_string_to_metric_families

from aiguard_agent.errors import UsageError
from aiguard_agent.metrics import textfile
from aiguard_agent.metrics.exposition import render
from aiguard_agent.metrics.families import estate_families

SMALL, LARGE = estate_families(report(), VOCABULARY), estate_families(crowded(300), VOCABULARY)


def test_the_file_is_the_exposition(tmp_path: Path) -> None:
    """What stands in it is plain text format, readable by node_exporter, and nothing is left beside it."""
    path = tmp_path / "aiguard.prom"
    families = estate_families(ordinary(), VOCABULARY)

    textfile.write(path, families)

    assert path.read_bytes() == render(families)
    assert path.stat().st_mode & 0o777 == 0o644
    assert [entry.name for entry in tmp_path.iterdir()] == ["aiguard.prom"]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    """While it is written again and again, each reading is one of the whole texts."""
    path = tmp_path / "aiguard.prom"
    texts = {render(SMALL), render(LARGE)}
    textfile.write(path, SMALL)
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            textfile.write(path, LARGE)
            textfile.write(path, SMALL)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = {path.read_bytes() for _turn in range(300)}
        names = {entry.suffix for entry in tmp_path.iterdir() if entry.name != path.name}
    finally:
        done.set()
        writer.join()

    assert seen <= texts
    assert names <= {".tmp"}


def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full the last good numbers stay, and no rest lies about."""
    path = tmp_path / "aiguard.prom"
    textfile.write(path, SMALL)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        textfile.write(path, LARGE)

    assert path.read_bytes() == render(SMALL)
    assert len(list(tmp_path.iterdir())) == 1


def test_only_prom_files(tmp_path: Path) -> None:
    """node_exporter passes over any other name, so it is refused."""
    with pytest.raises(UsageError, match=r"\.prom"):
        textfile.write(tmp_path / "aiguard.txt", SMALL)


def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    """Who may write in the directory cannot have us overwrite a file elsewhere."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    path = tmp_path / "aiguard.prom"
    path.symlink_to(victim)

    textfile.write(path, SMALL)

    assert victim.read_text() == "precious"
    assert list(text_string_to_metric_families(path.read_text()))


def test_numbers_go_with_the_agent(tmp_path: Path) -> None:
    """After a stop nothing is told any more, also when the file was gone already."""
    path = tmp_path / "aiguard.prom"
    textfile.write(path, SMALL)

    textfile.remove(path)
    textfile.remove(path)

    assert not path.exists()
