"""Files that are read, and files that are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aiguard_agent.config.disk import DOCUMENT_LIMIT, DROP_INS, Unfit, document, drop_ins, locate, private, read_secret
from aiguard_agent.config.values import Secret


def written(path: Path, data: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(data)
    path.chmod(mode)
    return path


def test_a_document_may_be_read_by_everybody(tmp_path: Path) -> None:
    """It holds no secrets; text comes back as it is, through a symbolic link too."""
    path = written(tmp_path / "a.yaml", "log: {}  # ö".encode(), 0o644)
    (tmp_path / "link.yaml").symlink_to(path)

    assert document(tmp_path / "link.yaml") == "log: {}  # ö"


def test_what_anybody_may_write_is_no_configuration(tmp_path: Path) -> None:
    """Who may write it would be who configures a root daemon."""
    with pytest.raises(Unfit, match="chmod o-w"):
        document(written(tmp_path / "a.yaml", b"", 0o666))


def test_unreadable_documents_are_refused_in_words(tmp_path: Path) -> None:
    """Absent, a directory, a FIFO, too large, no text: each has its words, and none holds the agent up."""
    os.mkfifo(tmp_path / "fifo")

    with pytest.raises(Unfit, match="No such file") as absent:
        document(tmp_path / "nothing")
    with pytest.raises(Unfit, match="directory"):
        document(tmp_path)
    with pytest.raises(Unfit, match="no regular file"):
        document(tmp_path / "fifo")
    with pytest.raises(Unfit, match="larger than"):
        document(written(tmp_path / "big", b" " * (DOCUMENT_LIMIT + 1)))
    with pytest.raises(Unfit, match="UTF-8") as text:
        document(written(tmp_path / "latin", b"a: b\nc: \xff\n"))
    assert (absent.value.absent, text.value.absent, text.value.line) == (True, False, 2)


def test_drop_ins_come_by_name(tmp_path: Path) -> None:
    """What editors and package managers leave is let lie."""
    for name in ("20-b.yaml", "10-a.yaml", ".10-a.yaml.swp", "10-a.yaml.dpkg-new", "README"):
        written(tmp_path / name, b"")

    assert [path.name for path in drop_ins(tmp_path)] == ["10-a.yaml", "20-b.yaml"]
    assert drop_ins(tmp_path / "nothing") == ()


def test_a_drop_in_that_would_be_missed_is_said(tmp_path: Path) -> None:
    """`.yml` is the mistake that everybody makes once."""
    written(tmp_path / "10-a.yml", b"")

    with pytest.raises(Unfit, match=r"10-a\.yml would not be read"):
        drop_ins(tmp_path)


def test_bad_drop_in_directories_are_refused(tmp_path: Path) -> None:
    """A file in its place, one that anybody may fill, one that holds too many."""
    with pytest.raises(Unfit, match="cannot be read"):
        drop_ins(written(tmp_path / "file.d", b""))
    many = tmp_path / "many.d"
    many.mkdir()
    for number in range(DROP_INS + 1):
        (many / f"{number}.yaml").touch()
    with pytest.raises(Unfit, match="more than"):
        drop_ins(many)
    many.chmod(0o777)
    with pytest.raises(Unfit, match="chmod o-w"):
        drop_ins(many)


def test_secrets_come_from_a_file_or_a_credential(tmp_path: Path) -> None:
    """The line end of an editor is no part of a password."""
    path = written(tmp_path / "token", b"hunter2\n")

    assert read_secret(Secret(file=str(path)), {}) == "hunter2"
    assert read_secret(Secret(credential="token"), {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "hunter2"
    assert locate(Secret(credential="token"), {"CREDENTIALS_DIRECTORY": "/run/c"}) == Path("/run/c/token")
    with pytest.raises(Unfit, match="LoadCredential=token:PATH"):
        locate(Secret(credential="token"), {})


@pytest.mark.parametrize(
    ("mode", "good"), [(0o600, True), (0o640, True), (0o644, False), (0o602, False), (0o601, False)]
)
def test_a_secret_that_anybody_may_touch_is_none(tmp_path: Path, mode: int, good: bool) -> None:
    """Owner and group may read it, others nothing."""
    secret = Secret(file=str(written(tmp_path / "token", b"hunter2", mode)))

    if good:
        assert private(secret, {}) == b"hunter2"
    else:
        with pytest.raises(Unfit, match="chmod o-rwx"):
            private(secret, {})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"hunter2\nsecond", "one line"),
        (b"hunter2\0", "one line"),
        (b"hunter2\xff", "UTF-8"),
        (b"hunter2" * 20_000, "larger than"),
    ],
)
def test_broken_secrets_are_refused_without_telling_them(tmp_path: Path, data: bytes, words: str) -> None:
    """No message holds anything of what was read."""
    with pytest.raises(Unfit, match=words) as caught:
        read_secret(Secret(file=str(written(tmp_path / "token", data))), {})

    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None or "hunter2" not in repr(caught.value.__cause__)
