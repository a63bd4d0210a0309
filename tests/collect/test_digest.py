"""Whole-file digests."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from aiguard_agent.collect.digest import Digests
from aiguard_agent.collect.host import Host
from aiguard_agent.core.facts import FileSeen
from aiguard_agent.errors import BudgetExceeded


def seen(path: Path) -> FileSeen:
    stat = path.stat()
    return FileSeen(
        path=str(path),
        size=stat.st_size,
        dev=stat.st_dev,
        inode=stat.st_ino,
        mtime_ns=stat.st_mtime_ns,
        ctime_ns=stat.st_ctime_ns,
    )


def test_a_file_is_hashed_once(tmp_path: Path) -> None:
    """The second question is answered from memory: the file may even be unreadable by then."""
    path = tmp_path / "m.gguf"
    path.write_bytes(b"x" * 5_000_000)
    digests, file = Digests(), seen(path)

    first = digests.of(Host(), file)
    path.unlink()

    assert first == hashlib.sha256(b"x" * 5_000_000).hexdigest() == digests.of(Host(), file)


def test_the_cache_file_outlives_the_process(tmp_path: Path) -> None:
    """Digests are kept in a file only its owner reads, and a changed file is hashed anew."""
    path, cache = tmp_path / "m", tmp_path / "cache" / "digests.json"
    path.write_bytes(b"one")
    digests = Digests(cache)
    digests.of(Host(), seen(path))
    digests.save()

    again = Digests(cache)

    assert again.known(seen(path)) == hashlib.sha256(b"one").hexdigest()
    assert cache.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"two!")
    assert again.known(seen(path)) == ""


@pytest.mark.parametrize("content", [b"", b"not json", b"[1]", b'{"a": 5}'])
def test_a_broken_cache_is_no_cache(tmp_path: Path, content: bytes) -> None:
    """A cache that cannot be read costs time, never a scan."""
    (tmp_path / "c.json").write_bytes(content)

    assert Digests(tmp_path / "c.json").known(FileSeen(path="/x", size=1)) == ""


def test_a_file_that_changes_meanwhile_has_no_digest(tmp_path: Path) -> None:
    """Bytes of two moments are a digest of no file that ever was."""
    path = tmp_path / "m"
    path.write_bytes(b"x" * 100)

    def meddle(_count: int) -> None:
        os.utime(path, ns=(1, 1))

    with pytest.raises(BudgetExceeded, match="changed"):
        Digests().of(Host(), seen(path), meddle)


def test_nothing_is_written_without_news(tmp_path: Path) -> None:
    """Saving without a new digest touches no disk."""
    Digests(tmp_path / "c.json").save()

    assert not (tmp_path / "c.json").exists()


def test_the_cache_is_json(tmp_path: Path) -> None:
    """Anybody can read what was kept."""
    path = tmp_path / "m"
    path.write_bytes(b"x")
    digests = Digests(tmp_path / "c.json")
    digests.of(Host(), seen(path))
    digests.save()

    assert list(json.loads((tmp_path / "c.json").read_text()).values()) == [hashlib.sha256(b"x").hexdigest()]
