"""Talking to the kernel about sockets."""

import errno
import os
import socket
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.collect import sockdiag
from aiguard_agent.collect.procnet import Listening
from aiguard_agent.collect.sockdiag import InterruptedDumpError, dump_tcp, dump_unix, open_diag, parse

DONE = struct.pack("=IHHIIi", 20, 3, 2, 1, 0, 0)


def message(body: bytes, *, kind: int = 20, flags: int = 2, sequence: int = 1) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, flags, sequence, 0) + body + bytes(-len(body) % 4)


def tcp_body(address: bytes = bytes([127, 0, 0, 1]), port: int = 11434, uid: int = 5, inode: int = 77) -> bytes:
    family = socket.AF_INET if len(address) == 4 else socket.AF_INET6
    head = bytes([family, 10, 0, 0]) + struct.pack(">HH", port, 0) + address.ljust(16, b"\0")
    return head.ljust(64, b"\0") + struct.pack("=II", uid, inode)


class Kernel:
    """A socket that answers each request with the next of the given answers."""

    def __init__(self, *answers: list[bytes]) -> None:
        self.answers = list(answers)
        self.queue: list[bytes] = []
        self.sequence = 0

    def send(self, data: bytes) -> None:
        self.sequence = struct.unpack_from("=I", data, 8)[0]
        self.queue = [renumber(buffer, self.sequence) for buffer in self.answers.pop(0)]

    def recv(self, _size: int) -> bytes:
        if not self.queue:
            raise TimeoutError
        return self.queue.pop(0)


def renumber(buffer: bytes, sequence: int) -> bytes:
    """Give every message the number of the request."""
    data, at = bytearray(buffer), 0
    while at + 16 <= len(data):
        struct.pack_into("=I", data, at + 8, sequence)
        at += (struct.unpack_from("=I", data, at)[0] + 3) & ~3
    return bytes(data)


def test_a_dump_of_both_families() -> None:
    """IPv4 and IPv6 answers over several buffers become values."""
    six = socket.inet_pton(socket.AF_INET6, "::1")
    kernel = Kernel([message(tcp_body()), DONE], [message(tcp_body(six, 80)) + DONE])

    assert dump_tcp(kernel) == (
        Listening(family="tcp4", address="127.0.0.1", port=11434, uid=5, inode=77),
        Listening(family="tcp6", address="::1", port=80, uid=5, inode=77),
    )


def test_a_refusal_is_an_oserror() -> None:
    """The kernel's error message ends the dump with its number."""
    refusal = message(struct.pack("=i", -errno.EACCES), kind=2)

    with pytest.raises(PermissionError):
        dump_tcp(Kernel([refusal]))


def test_a_kernel_without_ipv6_still_tells_ipv4() -> None:
    """ENOENT for the second family is no failure."""
    refusal = message(struct.pack("=i", -errno.ENOENT), kind=2)

    assert len(dump_tcp(Kernel([message(tcp_body()), DONE], [refusal]))) == 1


def test_an_interrupted_dump_is_asked_again() -> None:
    """When the list changed under the kernel's hands, only the clean answer counts."""
    torn = [message(tcp_body(inode=1), flags=0x12) + DONE]
    clean = [message(tcp_body(inode=2)) + DONE]

    assert [one.inode for one in dump_tcp(Kernel(torn, clean, [DONE]))] == [2]


def test_a_dump_that_is_always_interrupted_fails() -> None:
    """Three torn answers are an error, not a list that may lack a server."""
    torn = [message(tcp_body(), flags=0x12) + DONE]

    with pytest.raises(InterruptedDumpError):
        dump_tcp(Kernel(torn, torn, torn))


def test_a_silent_kernel_ends_in_a_timeout() -> None:
    """Without an end message the wait is bounded by the socket's timeout."""
    with pytest.raises(TimeoutError):
        dump_tcp(Kernel([message(tcp_body())]))


def test_an_old_answer_is_passed_over() -> None:
    """A message of another request is not ours."""
    found: list[Listening] = []

    assert parse(message(tcp_body(), sequence=9), 1, sockdiag._tcp, found) == (False, True)
    assert found == []


@pytest.mark.parametrize("buffer", [struct.pack("=IHHII", 8, 20, 0, 1, 0), struct.pack("=IHHII", 99, 20, 0, 1, 0)])
def test_nonsense_is_an_oserror(buffer: bytes) -> None:
    """A length that cannot be is refused, never followed."""
    with pytest.raises(OSError, match="malformed"):
        parse(buffer, 1, sockdiag._tcp, [])


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(data: bytes) -> None:
    """Any bytes end in a value or an OSError."""
    for parser in (sockdiag._tcp, sockdiag._unix):
        parser(data)
        try:
            done, _clean = parse(data, 0, parser, [])
        except OSError:
            continue
        assert done in (True, False)


def attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


@pytest.mark.parametrize(
    ("name", "text"), [(b"/run/x y\0", "/run/x y"), (b"\0abs\0tract", "@abs\0tract"), (b"\xff\0", "\udcff")]
)
def test_unix_names(name: bytes, text: str) -> None:
    """Paths lose their NUL, abstract names get an @."""
    body = struct.pack("=BBBBIII", 1, 1, 10, 0, 55, 0, 0) + attribute(0, name) + attribute(7, struct.pack("=I", 9))

    assert sockdiag._unix(body) == Listening(family="unix", address=text, uid=9, inode=55)


def test_a_nameless_unix_socket_is_none() -> None:
    """What nobody can connect to is not listed."""
    assert sockdiag._unix(struct.pack("=BBBBIII", 1, 1, 10, 0, 55, 0, 0)) is None


def test_the_live_kernel(tmp_path: Path) -> None:
    """Our own listening sockets are in the kernel's answer, with their inodes; others are not."""
    path = str(tmp_path / "s")
    with (
        socket.create_server(("127.0.0.1", 0)) as four,
        socket.socket() as silent,
        socket.socket(socket.AF_UNIX) as local,
        open_diag() as diag,
    ):
        silent.bind(("127.0.0.1", 0))
        local.bind(path)
        local.listen()
        tcp, unix = dump_tcp(diag), dump_unix(diag)
        inode, quiet, named = (os.fstat(one.fileno()).st_ino for one in (four, silent, local))
        port = four.getsockname()[1]

    expected = Listening(family="tcp4", address="127.0.0.1", port=port, uid=os.geteuid(), inode=inode)
    assert expected in tcp
    assert quiet not in {one.inode for one in tcp}
    assert (path, named) in {(one.address, one.inode) for one in unix}


def test_the_same_answer_is_not_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later pass whose bytes are the same gives the same values without reading them; other bytes are read."""
    read: list[bytes] = []
    real = sockdiag.parse

    def parse_and_count(buffer: bytes, *rest: object) -> tuple[bool, bool]:
        read.append(buffer)
        return real(buffer, *rest)

    monkeypatch.setattr(sockdiag, "parse", parse_and_count)
    answer = message(tcp_body(port=4242, inode=990001)) + DONE
    other = message(tcp_body(port=4243, inode=990002)) + DONE

    first, again, changed = (dump_tcp(Kernel([one], [DONE])) for one in (answer, answer, other))

    assert first == again
    assert [one.port for one in changed] == [4243]
    assert len([one for one in read if len(one) > len(DONE)]) == 2
