"""Which hints are worth a look: a process that comes or goes is not, unless it has to do with AI."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aiguard_agent.collect.host import Host
from aiguard_agent.collect.procfs import parse_argv
from aiguard_agent.core.facts import Process
from aiguard_agent.core.hint import Hint, HintKind
from aiguard_agent.core.report import ScanReport

_ARGV_LIMIT = 16384


def pids_of(report: ScanReport) -> frozenset[int]:
    """Return the processes that some server or model of a report rests on."""
    servers = {pid for server in report.estate.servers for pid in (server.process.pid, *server.children)}
    return frozenset(servers | {pid for model in report.estate.models for pid in model.held_by})


def worth_a_look(
    hints: Iterable[Hint], host: Host, interesting: Callable[[Process], bool], known: frozenset[int]
) -> tuple[Hint, ...]:
    """Return the hints that a look may follow from; what was lost is always worth one."""
    return tuple(hint for hint in hints if _counts(hint, host, interesting, known))


def _counts(hint: Hint, host: Host, interesting: Callable[[Process], bool], known: frozenset[int]) -> bool:
    if hint.kind is not HintKind.PROCESS:
        return True
    if hint.pid in known:
        return True
    return not hint.gone and interesting(_glance(host, hint.pid))


def _glance(host: Host, pid: int) -> Process:
    """Read just what the names of a process are; one that is gone already has none."""
    argv, exe, comm = b"", None, ""
    try:
        argv = host.proc(pid, "cmdline", _ARGV_LIMIT)
        comm = host.proc(pid, "comm", 64).decode("utf-8", "surrogateescape").rstrip("\n")
        exe = host.link(f"/proc/{pid}/exe")
    except OSError:
        pass
    return Process(pid=pid, start_ticks=0, started=0.0, argv=parse_argv(argv), exe=exe, comm=comm)
