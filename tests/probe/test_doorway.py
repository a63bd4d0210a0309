"""Entering where a target listens."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_servers import FAST, OK, alive, get, says, serving, target

from aiguard_agent.core.probing import Target
from aiguard_agent.probe.ask import ask_all
from aiguard_agent.probe.doorway import own_namespace

SERVER = f"""
import ctypes, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(0x40000000):
    sys.exit("unshare refused")
import fcntl, struct
with socket.socket() as s:  # bring lo up: SIOCSIFFLAGS with IFF_UP
    fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 1))
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print(os.stat("/proc/self/ns/net").st_ino, flush=True)
while True:
    connection, _ = listener.accept()
    connection.recv(4096)
    connection.sendall({OK!r}.replace(b"{{}}", b"[]"))
    connection.close()
"""


@pytest.fixture
def stranger() -> Iterator[Target]:
    """A server in a network namespace of its own."""
    with socket.create_server(("127.0.0.1", 0)) as spare:
        port = spare.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", SERVER, str(port)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            pytest.skip("needs root: a network namespace was refused")
        yield target(port, pid=process.pid, netns=int(line))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.root
def test_a_server_in_another_namespace_is_asked_there(stranger: Target) -> None:
    """The same port here and there gives two answers, and nobody but the visiting thread moves."""
    if os.geteuid() != 0:
        pytest.skip("needs root to make and enter a network namespace")
    home = own_namespace()
    listener = socket.create_server(("127.0.0.1", stranger.port))
    with serving(says(OK), listener=listener) as server:
        here, there = ask_all([(target(server.port), get()), (stranger, get())], FAST, pid_alive=alive)

    assert (here.body, there.body) == (b"{}", b"[]")
    assert server.connections == 1
    assert own_namespace() == home


@pytest.mark.root
def test_a_stale_namespace_is_not_entered(stranger: Target) -> None:
    """A pid whose namespace is not the recorded one is not followed into it."""
    if os.geteuid() != 0:
        pytest.skip("needs root to make and enter a network namespace")
    moved = target(stranger.port, pid=stranger.pid, netns=7)

    (answer,) = ask_all([(moved, get())], FAST, pid_alive=alive)

    assert answer.error == "vanished"


def test_our_own_namespace_is_known() -> None:
    """Our own namespace is an inode of the kernel's namespace file system."""
    assert own_namespace() == Path("/proc/self/ns/net").stat().st_ino
