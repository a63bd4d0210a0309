"""Opening inside a foreign root."""

import os
from pathlib import Path

import pytest

from aiguard_agent.collect.openat2 import open_in_root


def read(root: Path, path: str) -> bytes:
    fd = open_in_root(str(root), path, os.O_RDONLY)
    try:
        return os.read(fd, 100)
    finally:
        os.close(fd)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("outside")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "secret").write_text("inside")
    (inner / "absolute").symlink_to("/secret")
    (inner / "climbing").symlink_to("../../secret")
    return inner


@pytest.mark.parametrize("path", ["/secret", "secret", "/absolute", "/climbing", "/../../secret"])
def test_no_path_leaves_the_root(root: Path, path: str) -> None:
    """Absolute links, climbing links and dot-dots all end inside the root."""
    assert read(root, path) == b"inside"


def test_magic_links_are_refused() -> None:
    """A path through /proc/self/root does not get out through the kernel's magic link."""
    with pytest.raises(OSError, match="root"):
        read(Path("/proc/self"), "/root/etc/hostname")


def test_absent_file_is_an_oserror(root: Path) -> None:
    """A missing file raises FileNotFoundError, as open() would."""
    with pytest.raises(FileNotFoundError):
        read(root, "/nowhere")
