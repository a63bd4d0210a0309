"""Lines of the kernel's trace_pipe; pure.

    ollama-4121    [001] .....  5390.123456: sched_process_exec: filename=/usr/bin/ollama pid=4121 old_pid=4121
    ollama-4121    [001] .....  5390.223456: inet_sock_set_state: family=AF_INET protocol=IPPROTO_TCP sport=11434
                   dport=0 saddr=127.0.0.1 daddr=0.0.0.0 saddrv6=… daddrv6=… oldstate=TCP_CLOSE newstate=TCP_LISTEN
    CPU:1 [LOST 812 EVENTS]

A program's name and its file's name are whatever somebody chose, line breaks included: a line can be forged. A forged
line is a hint like any other, and leads to an early look at nothing.
"""

from __future__ import annotations

import re

from aiguard_agent.core.hint import Hint, HintKind

NAME = "tracefs"
EXEC, STATE = "sched_process_exec", "inet_sock_set_state"
STATE_FILTER = "newstate==10||(oldstate==10&&newstate==7)"
"""Begins to listen, or closes having listened. Accepted connections are copies of a listening socket and would
otherwise pass as well (LISTEN to SYN_RECV, at every connection)."""
LONGEST = 4096
"""Bytes of a line that has no end yet; more is no line of ours."""
_HEAD = re.compile(rb"^.{1,40}-(\d{1,10}) +(?:\(.{1,12}\) +)?\[\d+\] +\S+ +(\d+\.\d+): (\w+): (.*)$", re.DOTALL)
_PID = re.compile(rb" pid=(\d{1,10}) old_pid=-?\d+$")
_SOCKET = re.compile(
    rb"protocol=IPPROTO_(\w+) sport=(\d{1,5}) .*saddr=([\d.]+) .*saddrv6=([0-9a-f:.]+) .*newstate=TCP_(\w+)$"
)
_LOST = re.compile(rb"^CPU:\d+ \[LOST (\d+) EVENTS\]$")


def parse_line(line: bytes, now: float) -> Hint | None:
    """Return the hint in one line, or None."""
    lost = _LOST.match(line)
    if lost:
        return Hint(source=NAME, kind=HintKind.LOST, subject=f"trace buffer lost {int(lost[1])} events", at=now)
    head = _HEAD.match(line)
    if head is None:
        return None
    when = min(float(head[2]), now)
    if head[3] == EXEC.encode():
        ids = _PID.search(head[4])
        return _program(int(ids[1]), when) if ids else None
    return _listening(head[4], int(head[1]), when) if head[3] == STATE.encode() else None


def _program(pid: int, when: float) -> Hint:
    return Hint(source=NAME, kind=HintKind.PROCESS, subject=f"pid {pid}", at=when, pid=pid)


def _listening(text: bytes, pid: int, when: float) -> Hint | None:
    """Read a change of state; `pid` is who made it, for a closed socket perhaps nobody in particular."""
    words = _SOCKET.search(text)
    if words is None or words[1] not in (b"TCP", b"MPTCP"):
        return None
    gone = words[5] != b"LISTEN"
    port = int(words[2])
    six = b"AF_INET6" in text.partition(b" ")[0]
    address = f"[{words[4].decode()}]" if six else words[3].decode()
    subject = f"{address}:{port} by pid {pid}" if not gone else f"{address}:{port} closed"
    return Hint(
        source=NAME,
        kind=HintKind.LISTENER,
        subject=subject,
        at=when,
        gone=gone,
        port=port,
        pid=0 if gone else pid,
    )


def parse(data: bytes, now: float) -> tuple[Hint, ...]:
    """Return the hints of whole lines."""
    return tuple(hint for line in data.split(b"\n") if (hint := parse_line(line, now)) is not None)
