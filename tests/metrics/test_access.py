"""Who may scrape."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiguard_agent.errors import UsageError
from aiguard_agent.metrics.access import SECRET_LIMIT, Access, read_secret

BOTH = Access(user="prom", password="pa:ss wörd", token="s3cret-token")


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "allowed"),
    [
        (basic("prom:pa:ss wörd"), True),
        (basic("prom:pa:ss wörd").replace("Basic", "bAsIc"), True),
        ("Bearer s3cret-token", True),
        ("bearer  s3cret-token ", True),
        (basic("prom:pa"), False),
        (basic("prom:"), False),
        (basic("prom:pa:ss wörd "), False),
        (basic("root:pa:ss wörd"), False),
        (basic("prom"), False),
        ("Basic prom:pa:ss wörd", False),
        ("Basic =", False),
        ("Bearer s3cret-toke", False),
        ("Bearer ", False),
        ("Basic s3cret-token", False),
        ("Digest s3cret-token", False),
        ("s3cret-token", False),
        ("", False),
    ],
)
def test_only_the_right_words_open(header: str, allowed: bool) -> None:
    """The exact user and password, or the exact token; a near miss is a miss."""
    assert BOTH.allows(header) is allowed


def test_an_unset_way_in_is_closed() -> None:
    """With a token alone no empty password opens, and the other way round."""
    assert not Access(token="t").allows(basic(":"))
    assert not Access(user="u", password="p").allows("Bearer ")


def test_without_secrets_the_door_is_open() -> None:
    """Nobody is asked for anything when nothing is configured."""
    assert Access().open
    assert Access().allows("")
    assert not BOTH.open


def test_half_a_pair_is_refused() -> None:
    """A user without a password is a mistake, not an open door."""
    with pytest.raises(UsageError, match="one of them is missing"):
        Access(user="prom")
    with pytest.raises(UsageError, match="one of them is missing"):
        Access(password="x")


def test_secrets_are_not_shown() -> None:
    """The value can be logged without telling its secrets."""
    assert "pa:ss" not in repr(BOTH)
    assert "s3cret" not in repr(BOTH)


@given(st.text(max_size=60))
@settings(max_examples=80, deadline=None)
def test_no_header_opens_by_accident(header: str) -> None:
    """Any text is answered, and with no."""
    assert not BOTH.allows(header)


def file(tmp_path: Path, content: bytes, mode: int = 0o600) -> str:
    path = tmp_path / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize("content", [b"geheim", b"geheim\n", b"geheim\r\n"])
def test_a_secret_is_one_line(tmp_path: Path, content: bytes) -> None:
    """The end of the line that an editor adds does not belong to it."""
    assert read_secret(file(tmp_path, content)) == "geheim"


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (b"", 0o600, "one line"),
        (b"\n", 0o600, "one line"),
        (b"two\nlines\n", 0o600, "one line"),
        (b"x" * (SECRET_LIMIT + 1), 0o600, "one line"),
        (b"\xff", 0o600, "UTF-8"),
        (b"geheim", 0o644, "chmod 0600"),
        (b"geheim", 0o602, "chmod 0600"),
    ],
)
def test_bad_secret_files_are_refused(tmp_path: Path, content: bytes, mode: int, words: str) -> None:
    """Empty, long, binary or readable by everybody: said, and not used."""
    with pytest.raises(UsageError, match=words):
        read_secret(file(tmp_path, content, mode))


def test_only_a_regular_file_is_read(tmp_path: Path) -> None:
    """A pipe is not waited for, a link is not followed."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "link").symlink_to(file(tmp_path, b"geheim"))

    with pytest.raises(UsageError, match="regular file"):
        read_secret(str(tmp_path / "pipe"))
    with pytest.raises(OSError, match="link"):
        read_secret(str(tmp_path / "link"))
