"""Bytes of the process connector."""

from __future__ import annotations

import struct

import pytest

from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.watch.connector import EXEC, EXIT, FILTER, LISTEN, Answer, answer, parse, request, unasked

EXEC_BYTES = bytes.fromhex(
    "4c0000000300000001000000000000000100000001000000010000000000000028000000"
    "02000000000000000026df19cfe40400471f0000471f00000000000000000000" + "00" * 8
)
"""An exec of pid 8007 as the kernel wrote it, its time 1,376,000 s or so."""
EXIT_BYTES = bytes.fromhex(
    "4c0000000300000001000000000000000100000001000000010000000000000028000000"
    "000000800000000026df19cfe40400004740000047400000090000001100000001e40000" + "01e40000"
)[:76]


def event(what: int, pid: int, group: int, nanoseconds: int = 2_500_000_000) -> bytes:
    head = struct.pack("=IHHII", 76, 3, 0, 0, 0) + struct.pack("=IIIIHH", 1, 1, 0, 0, 40, 0)
    return (head + struct.pack("=IIQii", what, 0, nanoseconds, pid, group)).ljust(76, b"\0")


def test_an_exec() -> None:
    """The start of a program is a hint at its process, at the kernel's time."""
    assert parse(event(EXEC, 9, 9), 10.0) == (
        Hint(source="proc_connector", kind=HintKind.PROCESS, subject="pid 9", at=2.5, pid=9),
    )


def test_recorded_bytes() -> None:
    """Bytes that a 6.18 kernel wrote are read."""
    (hint,) = parse(EXEC_BYTES, 1e9)

    assert (hint.pid, hint.gone) == (0x1F47, False)


@pytest.mark.parametrize(("pid", "told"), [(9, True), (10, False)])
def test_an_exit(pid: int, told: bool) -> None:
    """The end of a process is a hint; the end of one of its threads is none."""
    hints = parse(event(EXIT, pid, 9), 10.0)

    assert [(hint.pid, hint.gone, hint.subject) for hint in hints] == [(9, True, "pid 9 ended")] * told


@pytest.mark.parametrize(
    "data",
    [
        b"",
        event(EXEC, 9, 9)[:59],
        event(0x1, 9, 9),
        event(EXEC, 9, 0),
        event(EXEC, 9, -4),
        event(EXEC, 9, 9).replace(struct.pack("=II", 1, 1), struct.pack("=II", 2, 1), 1),
        struct.pack("=I", 20) + event(EXEC, 9, 9)[4:],
    ],
    ids=["empty", "cut", "a fork", "no process", "negative", "another connector", "short length"],
)
def test_what_is_no_hint(data: bytes) -> None:
    """Near misses tell nothing."""
    assert parse(data, 10.0) == ()


def test_two_in_one_datagram() -> None:
    """Messages that come together are all read."""
    assert [hint.pid for hint in parse(event(EXEC, 1, 1) + event(EXEC, 2, 2), 9.0)] == [1, 2]


def test_a_time_in_the_future_is_now() -> None:
    """No hint is newer than the moment in which it was read."""
    assert parse(event(EXEC, 9, 9, 99 * 10**9), 10.0)[0].at == 10.0


def test_requests() -> None:
    """The short form names the operation, the long one the types as well."""
    short, long = request(LISTEN, 7), request(LISTEN, 7, FILTER)

    assert (len(short), len(long)) == (40, 44)
    assert struct.unpack_from("=I", short) == (40,)
    assert struct.unpack_from("=II", long, 36) == (LISTEN, 0x80000002)


def test_answers() -> None:
    """The kernel's answer carries our token plus one; an event is no answer."""
    told = struct.pack("=IHHII", 76, 3, 0, 0, 0) + struct.pack("=IIIIHH", 1, 1, 5, 8, 40, 0)
    told = (told + struct.pack("=IIQI", 0, 0, 1, 13)).ljust(76, b"\0")

    assert answer(told) == Answer(7, 13)
    assert answer(event(EXEC, 9, 9)) is None
    assert answer(told[:50]) is None


def test_what_a_filter_would_have_kept_back() -> None:
    """A fork shows that there is no filter; an exec, an answer and a cut message do not."""
    assert unasked(event(0x1, 1, 1))
    assert not unasked(event(EXEC, 1, 1))
    assert not unasked(event(0, 1, 1))
    assert not unasked(b"")
