"""Find out what kernel and rights allow."""

from __future__ import annotations

import os
from pathlib import Path

from aiguard_agent.core.plugins import discover
from aiguard_agent.watch import watchers as plugins
from aiguard_agent.watch.choose import Conditions
from aiguard_agent.watch.watcher import Host, Settings, Watcher

_NAMES = (
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE "
    "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT "
    "SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP "
    "MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
).split()
_INIT_PID, _INIT_USER = 0xEFFFFFFC, 0xEFFFFFFD
"""Inodes that the kernel gives the initial pid and user namespace."""


def all_watchers() -> tuple[Watcher, ...]:
    """Return every watcher, by name."""
    return discover(plugins, "WATCHER", Watcher)


def look(host: Host, settings: Settings) -> Conditions:
    """Look at this process and this kernel."""
    return Conditions(
        capabilities=capabilities_of(host.text("/proc/self/status")),
        kernel=version_of(os.uname().release),
        init_namespaces=_inode("pid") == _INIT_PID and _inode("user") == _INIT_USER,
        places={"tracefs": any(os.access(Path(place, "instances"), os.W_OK) for place in settings.tracefs)},
    )


def capabilities_of(status: str) -> frozenset[str]:
    """Return the effective capabilities that /proc/PID/status tells."""
    for line in status.splitlines():
        key, _, value = line.partition(":")
        if key == "CapEff":
            try:
                held = int(value, 16)
            except ValueError:
                break
            return frozenset(f"CAP_{name}" for bit, name in enumerate(_NAMES) if held >> bit & 1)
    return frozenset()


def version_of(release: str) -> tuple[int, int]:
    """Return (major, minor) of a kernel release, (0, 0) for one that is not understood."""
    words = release.split(".", 2)
    try:
        return int(words[0]), int("".join(filter(str.isdecimal, words[1].partition("-")[0])))
    except (ValueError, IndexError):
        return 0, 0


def _inode(kind: str) -> int:
    try:
        return Path(f"/proc/self/ns/{kind}").stat().st_ino
    except OSError:
        return 0
