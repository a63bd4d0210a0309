"""What our rights let us see: capabilities, each collector, other users' processes, other namespaces."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping

from aiguard_agent.cli.health.check import Check, good, limited
from aiguard_agent.collect.host import Host
from aiguard_agent.collect.mounts import parse_mountinfo
from aiguard_agent.collect.netns import Dump, dump_inside
from aiguard_agent.collect.procfs import parse_namespace
from aiguard_agent.collect.run import all_collectors

WANTED = ("CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH", "CAP_SYS_ADMIN", "CAP_NET_ADMIN")
"""What the service is given; nothing that it does needs more."""
GRANT = "run it as root, or give it {} (the unit's AmbientCapabilities=)"
NAMESPACES = 256
"""Network namespaces that are entered as a trial."""
_VISIBLE = {"", "0", "off"}
"""Values of hidepid= that hide nothing."""


def rights(host: Host, capabilities: Collection[str], *, init_namespaces: bool) -> Iterator[Check]:
    """Yield what the rights of this process allow."""
    lacking = [name for name in WANTED if name not in capabilities]
    who = "root" if os.geteuid() == 0 else f"uid {os.geteuid()}"
    if lacking:
        yield limited("rights", "capabilities", f"{who} without {', '.join(lacking)}", _grant(lacking))
    else:
        yield good("rights", "capabilities", f"{who} with {', '.join(WANTED)}")
    if init_namespaces:
        yield good("rights", "pid namespace", "the host's own: every process can be seen")
    else:
        step = "in a container: share the host's pid namespace (hostPID: true, --pid=host)"
        yield limited("rights", "pid namespace", "not the host's own: only processes of this container are seen", step)
    yield hidepid(host, capabilities)
    yield yama(host)
    yield entering(host, capabilities)


def collectors(capabilities: Collection[str]) -> Iterator[Check]:
    """Yield each collector, and what it sees less for want of a right."""
    for collector in all_collectors():
        lacking = [name for name in collector.needs if name not in capabilities]
        if lacking:
            words = f"{collector.help}; sees less without {', '.join(lacking)}"
            yield limited("collectors", collector.name, words, _grant(lacking))
        else:
            yield good("collectors", collector.name, collector.help)


def hidepid(host: Host, capabilities: Collection[str]) -> Check:
    """Say whether /proc hides other users' processes from us."""
    try:
        table = parse_mountinfo(host.text("/proc/self/mountinfo"))
    except OSError as error:
        return limited("rights", "hidepid", f"/proc/self/mountinfo: {error.strerror}", "mount /proc")
    options = [m.super_options for m in table.mounts if m.point == "/proc" and m.kind == "proc"]
    value = option_of(options[-1] if options else "", "hidepid")
    if value in _VISIBLE:
        return good("rights", "hidepid", "/proc hides nobody's processes")
    if "CAP_SYS_PTRACE" in capabilities:
        return good("rights", "hidepid", f"/proc is mounted hidepid={value}; CAP_SYS_PTRACE sees through it")
    step = "give it CAP_SYS_PTRACE, or put its user into the group of /proc's gid= option"
    return limited("rights", "hidepid", f"/proc is mounted hidepid={value}: other users' processes are hidden", step)


def yama(host: Host) -> Check:
    """Say what Yama means for us: nothing, for it stands before attaching, and we only read."""
    try:
        scope = host.text("/proc/sys/kernel/yama/ptrace_scope", 16).strip()
    except OSError:
        return good("rights", "yama", "not in this kernel")
    return good(
        "rights", "yama", f"ptrace_scope {scope}: forbids attaching, which is never done; reading it leaves alone"
    )


def entering(host: Host, capabilities: Collection[str]) -> Check:
    """Say into how many other network namespaces we can look; a thread of its own goes there and ends."""
    spaces, hidden = _namespaces(host)
    dumps = dump_inside(dict(list(spaces.items())[:NAMESPACES])) if host.live else {}
    return entered(dumps, hidden, capabilities)


def entered(dumps: Mapping[int, Dump], hidden: int, capabilities: Collection[str]) -> Check:
    """Put into words what became of entering namespaces; `hidden` processes did not tell theirs."""
    failed = [dump.error for dump in dumps.values() if dump.error is not None]
    words = f"{len(dumps) - len(failed)} of {len(dumps)} other network namespaces can be entered"
    if hidden:
        words += f"; {hidden} processes do not show theirs"
    if not failed and not hidden:
        return good("rights", "namespaces", words)
    needed = [name for name in ("CAP_SYS_ADMIN", "CAP_SYS_PTRACE") if name not in capabilities]
    step = _grant(needed) if needed else "another user namespace or a security module keeps us out: look at its log"
    if failed:
        words += f" ({failed[0].strerror})"
    return limited("rights", "namespaces", words, step)


def option_of(options: str, name: str) -> str:
    """Return the value of one mount option, "" when it is not given."""
    for option in options.split(","):
        key, _, value = option.partition("=")
        if key == name:
            return value
    return ""


def _namespaces(host: Host) -> tuple[dict[int, str], int]:
    """Return the other network namespaces (inode to link), and how many processes do not show theirs."""
    found: dict[int, str] = {}
    hidden, own = 0, None
    for name in ["self", *(name for name in host.names("/proc") if name.isdecimal())]:
        try:
            inode = parse_namespace(host.link(f"/proc/{name}/ns/net"))
        except PermissionError:
            hidden += 1
            continue
        except OSError:
            continue  # it ended, or has ended and waits to be taken notice of
        if name == "self":
            own = inode
        elif inode is not None and inode != own:
            found.setdefault(inode, f"/proc/{name}/ns/net")
    return found, hidden


def _grant(names: Collection[str]) -> str:
    return GRANT.format(" and ".join(names))
