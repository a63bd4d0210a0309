"""The process connector, asked on this kernel."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
from collections.abc import Callable

import pytest

from aiguard_agent.core.hint import HintKind
from aiguard_agent.watch import connector
from aiguard_agent.watch.watchers import proc_connector
from aiguard_agent.watch.watchers.proc_connector import WATCHER, ProcConnector


def test_a_program_is_told_when_it_starts_and_when_it_ends(opened, wait, run_true: Callable[[], int]) -> None:
    """An exec and the exit of the same process are two hints with its pid, in this order."""
    source = opened(WATCHER)

    pid = run_true()
    hints = [hint for hint in wait(source, lambda hint: hint.pid == pid and hint.gone) if hint.pid == pid]

    assert [(hint.kind, hint.subject, hint.gone) for hint in hints] == [
        (HintKind.PROCESS, f"pid {pid}", False),
        (HintKind.PROCESS, f"pid {pid} ended", True),
    ]


def test_a_tiny_buffer_overruns_and_says_so(opened, wait) -> None:
    """When the kernel drops messages the next read has a lost hint, and the source goes on."""
    source = opened(WATCHER, buffer=1)
    assert "of 0 KiB asked" in source.words
    subprocess.run(["sh", "-c", "for i in $(seq 300); do /bin/true; done"], check=True)

    hints = wait(source, lambda hint: hint.kind is HintKind.LOST)
    assert hints[-1].subject == "process connector: receive buffer overrun"
    assert source.counters.lost >= 1

    pid = subprocess.Popen(["true"])
    pid.wait()
    wait(source, lambda hint: hint.pid == pid.pid)


def test_the_granted_buffer_is_told(opened) -> None:
    """The words say how much the kernel granted, for it may be less than was asked for."""
    source = opened(WATCHER, buffer=1 << 20)

    assert source.words.startswith("receive buffer ")
    assert "KiB of 1024 KiB asked" in source.words


class Kernel:
    """A netlink socket whose kernel answers as it is told, or not at all."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Callable[[bytes], bytes | None]) -> None:
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sent: list[bytes] = []
        self.answer = answer
        monkeypatch.setattr(proc_connector.socket, "socket", lambda *_args: self)
        monkeypatch.setattr(proc_connector, "_ANSWER_SECONDS", 0.02)

    def send(self, data: bytes) -> None:
        self.sent.append(data)
        reply = self.answer(data)
        if reply is not None:
            self.theirs.send(reply)

    def bind(self, _address: object) -> None:
        pass

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()

    def __getattr__(self, name: str) -> object:
        return getattr(self.ours, name)


def reply(request: bytes, error: int = 0) -> bytes | None:
    """What kernels answer to the short form of a request."""
    token, length = struct.unpack_from("=IH", request, 28)
    if length != 4:
        return None
    head = struct.pack("=IHHII", 76, 3, 0, 0, 0) + struct.pack("=IIIIHH", 1, 1, 0, token + 1, 40, 0)
    return (head + struct.pack("=IIQI", 0, 0, 1, error)).ljust(76, b"\0")


def test_subscribing_asks_for_all_and_then_for_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """The form that every kernel confirms comes first, the filter of newer ones second."""
    kernel = Kernel(monkeypatch, reply)

    source = ProcConnector(1 << 16)

    assert [struct.unpack_from("=H", data, 32)[0] for data in kernel.sent] == [4, 8]
    assert struct.unpack_from("=II", kernel.sent[1], 36) == (connector.LISTEN, 0x80000002)
    source.close()
    assert struct.unpack_from("=I", kernel.sent[2], 36) == (connector.IGNORE,)


def test_an_old_kernel_goes_on_without_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where other types still arrive, the source filters itself and its words say so."""
    kernel = Kernel(monkeypatch, reply)
    source = ProcConnector(1 << 16)
    assert source.words.endswith("filtered by the kernel")
    fork = struct.pack("=IHHII", 76, 3, 0, 0, 0) + struct.pack("=IIIIHH", 1, 1, 0, 0, 40, 0)
    kernel.theirs.send(fork + struct.pack("=IIQiiii", 1, 0, 1, 5, 5, 6, 6))

    assert list(source.read()) == []

    assert source.words.endswith("filtered here")
    source.close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [(lambda _request: None, OSError), (lambda request: reply(request, 1), PermissionError)],
    ids=["no answer", "refused"],
)
def test_a_kernel_that_does_not_grant_it(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[bytes], bytes | None], error: type[OSError]
) -> None:
    """Silence (a container) and a refusal (an old kernel, no rights) are errors at once, and nothing stays open."""
    kernel = Kernel(monkeypatch, answer)

    with pytest.raises(error):
        ProcConnector(1 << 16)

    assert kernel.ours.fileno() == -1


def test_a_closed_descriptor_is_an_error(opened) -> None:
    """A source whose descriptor is gone raises, so that it is opened again."""
    source = opened(WATCHER)
    os.close(source.fileno())

    with pytest.raises(OSError, match="Bad file descriptor"):
        source.read()
