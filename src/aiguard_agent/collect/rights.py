"""What we are allowed to see, and what to advise those who want to see more."""

from __future__ import annotations

from aiguard_agent.collect.host import Host
from aiguard_agent.collect.procfs import parse_capabilities

_DAC_OVERRIDE, _DAC_READ_SEARCH, _SYS_PTRACE = 1 << 1, 1 << 2, 1 << 19


def is_rootless(host: Host) -> bool:
    """Tell whether we lack the rights to see what other users' processes run and hold; False for a recorded host."""
    if not host.live:
        return False
    try:
        held = parse_capabilities(host.text("/proc/self/status"))
    except OSError:
        return True
    return not (held & _SYS_PTRACE and held & (_DAC_READ_SEARCH | _DAC_OVERRIDE))


def advice(host: Host) -> str:
    """Return what to add to "denied": never "run as root" to somebody who does."""
    if not host.live:
        return "record it as root"
    if is_rootless(host):
        return "run as root"
    return "denied even to root: another user namespace or a hardened kernel"
