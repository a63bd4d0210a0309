"""All processes of the host, cheaply: a handful of small reads each, and only new ones on later passes."""

from __future__ import annotations

import os
import pwd
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace

from aiguard_agent.collect.collector import Collector, Options, Sight
from aiguard_agent.collect.host import Host, blind_of
from aiguard_agent.collect.memory import Known
from aiguard_agent.collect.procfs import (
    Cgroup,
    Stat,
    cgroup_of,
    parse_argv,
    parse_boot_time,
    parse_environ,
    parse_namespace,
    parse_stat,
    parse_uid,
    parse_users,
)
from aiguard_agent.collect.redact import redact_argv
from aiguard_agent.collect.rights import advice
from aiguard_agent.core.facts import Blind, BlindKind, Process

NAME = "processes"
ARGV_LIMIT = 128 * 1024
ENVIRON_LIMIT = 64 * 1024
SETTLING_SECONDS = 30.0
_STAT_LIMIT = 4096
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_GONE = (FileNotFoundError, ProcessLookupError)
_NOWHERE = Cgroup()


def look(host: Host, options: Options, _seen: Sight) -> Sight:
    """List all processes; one that ends meanwhile is left out, one that hides something is counted."""
    memory = host.memory
    pids = sorted(map(int, filter(str.isdecimal, host.names("/proc"))))
    _prepare(host, options)
    living = memory.known
    grown_up = _grown_up(host)
    blind: list[Blind] = []
    lost: Counter[str] = Counter()
    for pid in pids if memory.thorough else [pid for pid in pids if pid not in living or not living[pid].settled]:
        try:
            blind += _visit(host, options, pid, grown_up)
        except _GONE:
            memory.known.pop(pid, None)
        except OSError as error:
            memory.known.pop(pid, None)
            lost[error.strerror or type(error).__name__] += 1
        except (
            ValueError,
            ArithmeticError,
            RecursionError,
        ) as error:  # its nonsense must not blind us to all
            memory.known.pop(pid, None)
            lost[f"what it says of itself cannot be read ({type(error).__name__})"] += 1
    memory.plain.clear()
    processes = tuple([living[pid].process for pid in pids if pid in living])
    if len(processes) < len(living):
        memory.forget_all_but(pids)
    blind += [line for known in living.values() if known.blind for line in known.blind]
    blind += [
        Blind(collector=NAME, subject=f"{count} processes", reason=reason, kind=BlindKind.DENIED, count=count)
        for reason, count in sorted(lost.items())
    ]
    return Sight(processes=processes, blind=(*blind, *_hidden(host, processes)))


def _prepare(host: Host, options: Options) -> None:
    """Bring the memory up to date with this pass: who judges, when the host booted, who the users are."""
    memory = host.memory
    if memory.judge is not options.interesting:
        memory.judge = options.interesting
        memory.known.clear()
    if memory.thorough or not memory.boot_time:
        memory.boot_time = parse_boot_time(host.text("/proc/stat")) if host.exists("/proc/stat") else 0.0
        memory.users.clear()
    if not host.live and not memory.users and host.exists("/etc/passwd"):
        memory.users.update(parse_users(host.text("/etc/passwd")))


def _visit(host: Host, options: Options, pid: int, grown_up: float) -> list[Blind]:
    """Learn one process, or verify the one that is known; raises OSError."""
    memory = host.memory
    known = memory.known.get(pid)
    stat = parse_stat(host.proc(pid, "stat", _STAT_LIMIT))
    if stat is None:
        memory.known.pop(pid, None)
        return [Blind(collector=NAME, subject=f"pid {pid}", reason="its stat is cut or malformed")]
    again = known is not None and known.stamp == stat.stamp
    if known and again and known.settled and not known.interesting:
        known.process = _refreshed(known.process, stat)
        return []
    process = _read(host, pid, stat)
    entry = Known(process=process, stamp=stat.stamp, settled=again or stat.kernel or stat.start_ticks < grown_up)
    memory.known[pid] = entry
    if stat.kernel or not options.interesting(process):
        return []
    entry.interesting = True
    entry.blind = _look_closer(host, entry)
    return []


def _refreshed(process: Process, stat: Stat) -> Process:
    """Return the process with what changes all the time; the same value when nothing did."""
    rss = stat.pages * _PAGE
    now = (stat.ppid, stat.state, stat.threads, rss)
    if (process.ppid, process.state, process.threads, process.rss) == now:
        return process
    return replace(process, ppid=stat.ppid, state=stat.state, threads=stat.threads, rss=rss)


def _grown_up(host: Host) -> float:
    """Return the start before which a process had time to become what it is: to exec, to write its title."""
    if not host.live:
        return float("inf")
    return (time.clock_gettime(time.CLOCK_BOOTTIME) - SETTLING_SECONDS) * _TICKS


def _look_closer(host: Host, entry: Known) -> tuple[Blind, ...]:
    """Read the working directory and the environment of an interesting process."""
    pid = entry.process.pid
    blind: list[Blind] = []
    cwd, environ = entry.process.cwd, b""
    for name in ("cwd", "environ"):
        try:
            if name == "cwd":
                cwd = host.link(f"/proc/{pid}/cwd")
            else:
                environ = host.proc(pid, name, ENVIRON_LIMIT)
        except OSError as error:
            # A recorded host need not have recorded these; on a live one their absence is a loss.
            if host.live or not isinstance(error, FileNotFoundError):
                blind.append(blind_of(NAME, f"{name} of pid {pid} ({entry.process.comm})", error))
    entry.process = replace(entry.process, cwd=cwd, env=parse_environ(environ))
    return tuple(blind)


def _read(host: Host, pid: int, stat: Stat) -> Process:
    """Read what makes up one process; raises OSError when it is gone."""
    uid = _uid(host, pid)
    cgroup = _NOWHERE
    program: str | None = ""
    argv: tuple[str, ...] = ()
    container = netns = None
    if not stat.kernel:
        cgroup = cgroup_of(_optional(host, pid, "cgroup"))
        argv = () if stat.state == "Z" else _argv(host, _optional(host, pid, "cmdline", ARGV_LIMIT))
        program = _exe(host, pid, stat.state, argv)
        container = cgroup.container
        netns = _netns(host, pid)
    return Process(
        pid=pid,
        start_ticks=stat.start_ticks,
        started=host.memory.boot_time + stat.start_ticks / _TICKS,
        ppid=stat.ppid,
        comm=stat.comm,
        state=stat.state,
        argv=argv,
        exe=program,
        uid=uid,
        user=host.memory.users.get(uid) or _user(host, uid),
        cgroup=cgroup.path,
        unit=cgroup.unit,
        container=container.id if container else "",
        netns=netns,
        rss=stat.pages * _PAGE,
        threads=stat.threads,
    )


def _argv(host: Host, data: bytes) -> tuple[str, ...]:
    """Return a command line without its secrets; one that has none is remembered for its look-alikes."""
    plain = host.memory.plain
    argv = plain.get(data)
    if argv is None:
        words = parse_argv(data)
        argv = redact_argv(words)
        if argv == words:
            plain[data] = argv
    return argv


def _optional(host: Host, pid: int, name: str, limit: int = 1 << 16) -> bytes:
    """Read a file that may be missing in a recorded host, or denied to us (its absence shows in the fact)."""
    try:
        return host.proc(pid, name, limit)
    except PermissionError:
        return b""
    except FileNotFoundError:
        if host.live:
            raise
        return b""


def _exe(host: Host, pid: int, state: str, argv: tuple[str, ...]) -> str | None:
    """Return the program behind a process: None = denied or ended, "" = a kernel thread."""
    try:
        return host.link(f"/proc/{pid}/exe")
    except FileNotFoundError:
        return None if argv or state in "ZX" or not host.live else ""
    except PermissionError:
        return None


def _netns(host: Host, pid: int) -> int | None:
    """Return the inode of the network namespace, or None when it is denied and is not our own.

    Where the link is denied, the socket tables are not: two processes that see the same table (by its inode) live
    in the same namespace.
    """
    try:
        return parse_namespace(host.link(f"/proc/{pid}/ns/net"))
    except PermissionError:
        with suppress(OSError):
            if host.live and host.lstat(f"/proc/{pid}/net/dev").st_ino == host.lstat("/proc/self/net/dev").st_ino:
                return parse_namespace(host.link("/proc/self/ns/net"))
    except OSError:
        pass
    return None


def _uid(host: Host, pid: int) -> int:
    """Return the effective uid: on a live host it is who owns the folder, for the kernel makes it so."""
    if not host.live:
        found = parse_uid(_optional(host, pid, "status").decode("utf-8", "replace"))
        if found is not None:
            return found
    return host.lstat(f"/proc/{pid}").st_uid


def _user(host: Host, uid: int) -> str:
    """Return the name of a user; its number when nobody knows it."""
    users = host.memory.users
    if uid not in users:
        users[uid] = str(uid)
        if host.live:
            with suppress(KeyError, OverflowError):
                users[uid] = pwd.getpwuid(uid).pw_name
    return users[uid]


def _hidden(host: Host, processes: tuple[Process, ...]) -> list[Blind]:
    """Say what /proc did not show: processes without a readable program, and those it hides altogether."""
    blind: list[Blind] = []
    denied = len([None for process in processes if process.exe is None and process.state not in "ZX"])
    if denied:
        blind.append(
            Blind(
                collector=NAME,
                subject=f"{denied} processes",
                reason=f"program, descriptors and environment are denied; {advice(host)}",
                kind=BlindKind.DENIED,
                count=denied,
            )
        )
    if all(process.pid != 1 for process in processes) and (host.live or _mounted_hiding(host)):
        blind.append(
            Blind(
                collector=NAME,
                subject="processes of other users",
                reason=f"/proc is mounted with hidepid and does not list them; {advice(host)}",
                kind=BlindKind.DENIED,
            )
        )
    return blind


def _mounted_hiding(host: Host) -> bool:
    """Tell whether a recorded host mounted its /proc with hidepid."""
    for path in ("/proc/self/mounts", "/proc/mounts"):
        try:
            return "hidepid=" in host.text(path)
        except OSError:
            continue
    return False


COLLECTOR = Collector(
    name=NAME,
    order=10,
    help="every process: program, command line, user, unit, container, network namespace",
    needs=("CAP_SYS_PTRACE",),
    collect=look,
)
