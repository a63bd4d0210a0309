"""Lines of trace_pipe."""

from __future__ import annotations

import pytest

from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.watch.trace import parse, parse_line

EXEC = b"   ollama-4121 [001] .....  5390.123456: sched_process_exec: filename=/usr/bin/ollama pid=4121 old_pid=4121"
LISTEN = (
    b"          ollama-4121    [001] .....  5390.223456: inet_sock_set_state: family=AF_INET protocol=IPPROTO_TCP "
    b"sport=11434 dport=0 saddr=127.0.0.1 daddr=0.0.0.0 saddrv6=::ffff:127.0.0.1 daddrv6=::ffff:0.0.0.0 "
    b"oldstate=TCP_CLOSE newstate=TCP_LISTEN"
)
SIX = LISTEN.replace(b"AF_INET ", b"AF_INET6 ").replace(b"saddrv6=::ffff:127.0.0.1", b"saddrv6=fe80::1")
CLOSED = LISTEN.replace(b"oldstate=TCP_CLOSE newstate=TCP_LISTEN", b"oldstate=TCP_LISTEN newstate=TCP_CLOSE")


def test_an_exec() -> None:
    """A program that starts is a hint at the kernel's time."""
    expected = Hint(source="tracefs", kind=HintKind.PROCESS, subject="pid 4121", at=5390.123456, pid=4121)

    assert parse_line(EXEC, 1e9) == expected


@pytest.mark.parametrize(
    ("line", "subject", "gone", "pid"),
    [
        (LISTEN, "127.0.0.1:11434 by pid 4121", False, 4121),
        (SIX, "[fe80::1]:11434 by pid 4121", False, 4121),
        (CLOSED, "127.0.0.1:11434 closed", True, 0),
    ],
)
def test_a_port(line: bytes, subject: str, gone: bool, pid: int) -> None:
    """Opening tells who did it, closing does not: a socket is closed by whoever held it last."""
    hint = parse_line(line, 1e9)

    assert hint is not None
    assert (hint.kind, hint.subject, hint.gone, hint.pid, hint.port) == (HintKind.LISTENER, subject, gone, pid, 11434)


@pytest.mark.parametrize("name", [b"a b c", b"x-9", b"[001]", b"<...>", b"kworker/u8:1-ev", b"-1"])
def test_names_of_programs_are_anything(name: bytes) -> None:
    """Whatever a program calls itself, the process is read from behind its name."""
    hint = parse_line(LISTEN.replace(b"ollama", name), 1e9)

    assert hint is not None
    assert hint.pid == 4121


def test_names_of_files_are_anything() -> None:
    """A file name that looks like the end of the line does not take its place."""
    hint = parse_line(EXEC.replace(b"/usr/bin/ollama", b"/x pid=1 old_pid=1"), 1e9)

    assert hint is not None
    assert hint.pid == 4121


def test_a_loss() -> None:
    """The line that says that events were lost is a lost hint."""
    hint = parse_line(b"CPU:1 [LOST 812 EVENTS]", 7.0)

    assert hint == Hint(source="tracefs", kind=HintKind.LOST, subject="trace buffer lost 812 events", at=7.0)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"# tracer: nop",
        EXEC[:-5],
        LISTEN.replace(b"IPPROTO_TCP", b"IPPROTO_SCTP"),
        LISTEN.replace(b"inet_sock_set_state", b"tcp_destroy_sock"),
        EXEC.replace(b"5390.123456", b"yesterday"),
    ],
)
def test_what_is_no_hint(line: bytes) -> None:
    """Near misses tell nothing."""
    assert parse_line(line, 1e9) is None


def test_lines() -> None:
    """Several lines are several hints, the others are passed over."""
    assert len(parse(b"\n".join([EXEC, b"nonsense", LISTEN, b""]), 1e9)) == 2
