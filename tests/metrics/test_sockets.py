"""Listening sockets: who may use the path, and what stood there before."""

from __future__ import annotations

import os
import shutil
import socket
import stat
from pathlib import Path

import pytest
from callers import certificates

from aiguard_agent.errors import UsageError
from aiguard_agent.metrics.sockets import tcp_door, tls_context, unix_door

OPENSSL = shutil.which("openssl")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_path_is_for_owner_and_group(tmp_path: Path, umask: int) -> None:
    """Mode 0660, whatever the umask."""
    before = os.umask(umask)
    try:
        door = unix_door(str(tmp_path / "m.sock"), group=os.getgid())
    finally:
        os.umask(before)

    seen = (tmp_path / "m.sock").stat()
    door.close()
    assert stat.S_ISSOCK(seen.st_mode)
    assert stat.S_IMODE(seen.st_mode) == 0o660
    assert seen.st_gid == os.getgid()


def test_it_is_never_wider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between bind and chmod nobody else may connect either."""
    modes = []
    path = tmp_path / "m.sock"
    monkeypatch.setattr(os, "chmod", lambda *_args: modes.append(stat.S_IMODE(path.stat().st_mode)))
    before = os.umask(0)
    try:
        unix_door(str(path)).close()
    finally:
        os.umask(before)

    assert modes == [0o660]


def test_the_socket_of_a_dead_agent_is_replaced(tmp_path: Path) -> None:
    """After a kill the path is still there, and does not hinder the next start."""
    path = str(tmp_path / "m.sock")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)

    unix_door(path).close()

    assert not Path(path).exists()


def test_a_living_one_is_left_alone(tmp_path: Path) -> None:
    """Two agents at once: the second is told so."""
    path = str(tmp_path / "m.sock")
    first = unix_door(path)

    with pytest.raises(OSError, match="listens there already"):
        unix_door(path)
    assert Path(path).exists()
    first.close()


def test_a_file_is_left_alone(tmp_path: Path) -> None:
    """What is not a socket is not ours to take away."""
    path = tmp_path / "m.sock"
    path.write_text("precious")

    with pytest.raises(FileExistsError):
        unix_door(str(path))
    assert path.read_text() == "precious"


def test_closing_takes_away_only_our_own(tmp_path: Path) -> None:
    """When somebody else has put something in the path's place, it stays."""
    path = tmp_path / "m.sock"
    door = unix_door(str(path))
    (tmp_path / "other").write_text("x")
    (tmp_path / "other").replace(path)

    door.close()

    assert path.read_text() == "x"


def test_a_directory_that_is_missing(tmp_path: Path) -> None:
    """It fails with the system's words, and leaves no socket open (a warning would be an error here)."""
    with pytest.raises(OSError, match="No such file"):
        unix_door(str(tmp_path / "none" / "m.sock"))


def test_ipv6() -> None:
    """The endpoint listens on IPv6 loopback too."""
    try:
        door = tcp_door("::1", 0)
    except OSError:
        pytest.skip("no IPv6 loopback here")
    address = door.socket.getsockname()[0]
    door.close()

    assert address == "::1"


@pytest.mark.skipif(OPENSSL is None, reason="openssl is missing: it makes the certificates")
@pytest.mark.parametrize(
    ("certificate", "key", "ca"),
    [
        ("server.pem", "client.key", ""),
        ("none.pem", "server.key", ""),
        ("server.key", "server.key", ""),
        ("server.pem", "locked.key", ""),
        ("server.pem", "server.key", "none.pem"),
    ],
)
def test_bad_tls_files_are_named(tmp_path: Path, certificate: str, key: str, ca: str) -> None:
    """A pair that does not match, a missing file or a key with a passphrase is said at the start, with its name."""
    certificates(tmp_path, str(OPENSSL))
    os.spawnv(
        os.P_WAIT,
        str(OPENSSL),
        [
            "openssl",
            "ec",
            "-aes256",
            "-passout",
            "pass:long enough",
            "-in",
            str(tmp_path / "server.key"),
            "-out",
            str(tmp_path / "locked.key"),
        ],
    )
    wanted = [str(tmp_path / name) if name else "" for name in (certificate, key, ca)]

    with pytest.raises(UsageError, match=key.replace(".", r"\.")):
        tls_context(*wanted)
