"""`support-bundle` as a file."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest

from kept_ledger import T0, found, ledger_at, whole


@pytest.fixture
def state(tmp_path: Path) -> Path:
    with ledger_at(tmp_path / "state") as ledger:
        ledger.record(whole(T0, found("a@b:1")))
    return tmp_path / "state"


def test_one_file_for_its_owner(run: Any, state: Path, tmp_path: Path) -> None:
    """Mode 0600 whatever the umask, the manifest first; stdout stays empty."""
    made = run("support-bundle", "--output", tmp_path / "b.tar.gz", "--state", state)

    assert (made.code, made.out, "manifest.json" in made.err) == (0, "", True)
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o777 == 0o600
    with tarfile.open(tmp_path / "b.tar.gz") as archive:
        assert archive.getnames()[0] == "manifest.json"
        assert {"about.json", "config.json", "doctor.json", "events.ndjson", "ledger.json"} < set(archive.getnames())


def test_nothing_is_replaced(run: Any, state: Path, tmp_path: Path) -> None:
    """A file that is there is kept, and no link is followed."""
    (tmp_path / "old").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "new")

    for name in ("old", "link"):
        assert run("support-bundle", "--output", tmp_path / name, "--state", state).code == 2
    assert (tmp_path / "old").read_text() == "old"
    assert not (tmp_path / "new").exists()


def test_no_half_bundle(run: Any, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails leaves no file; a folder that is not there is said."""

    def fail(*_arguments: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("aiguard_agent.cli.bundle.packed", fail)

    assert run("support-bundle", "--output", tmp_path / "b", "--state", state).code == 4
    assert not (tmp_path / "b").exists()
    assert run("support-bundle", "--output", tmp_path / "no/b", "--state", state).code == 4
    assert run("support-bundle", "--output", tmp_path / "c", "--state", tmp_path / "no").code == 2
    assert not (tmp_path / "c").exists()
