"""What this kernel and what is installed let us see: safe opening, live sources and their limits, GPUs, containers."""

from __future__ import annotations

import os
from collections.abc import Iterator

from aiguard_agent.cli.health.check import Check, good, limited, missing
from aiguard_agent.collect import nvml, openat2
from aiguard_agent.collect.host import Host
from aiguard_agent.watch.choose import Conditions, choose
from aiguard_agent.watch.conditions import all_watchers
from aiguard_agent.watch.watcher import Settings

RUNTIMES = {
    "docker": ("/var/lib/docker", "/var/lib/docker/containers"),
    "containerd": ("/run/containerd", "/run/containerd/io.containerd.runtime.v2.task"),
    "k3s": ("/run/k3s/containerd", "/run/k3s/containerd/io.containerd.runtime.v2.task"),
    "podman, cri-o": ("/var/lib/containers/storage", "/var/lib/containers/storage/overlay-containers"),
}
"""Where a runtime lies when it is there, and what of it the containers collector reads."""
_BY_CHOICE = ("switched off", "off unless", "tells the same, better")
"""Reasons for which nobody misses a source."""


def kernel(host: Host) -> Iterator[Check]:
    """Yield what the kernel has, and its limits on watching files."""
    yield opening()
    yield from limits(host)


def opening() -> Check:
    """Say whether files of containers can be opened so that no link leads out of their root."""
    try:
        os.close(openat2.open_in_root("/", "proc", os.O_PATH | os.O_CLOEXEC))
    except OSError as error:
        step = "Linux 5.6 or newer is needed; in a container its seccomp profile must allow openat2"
        return missing("kernel", "openat2", f"{error.strerror}: files of containers cannot be opened safely", step)
    return good("kernel", "openat2", "files of containers are opened inside their own root")


def limits(host: Host) -> Iterator[Check]:
    """Yield the kernel's limits on fanotify and inotify."""
    marks, queue = _number(host, "fanotify/max_user_marks"), _number(host, "fanotify/max_queued_events")
    if marks is None:
        yield good("kernel", "fanotify limits", "this kernel tells none (Linux 5.13 made them known)")
    else:
        yield good("kernel", "fanotify limits", f"{marks} marks, {queue} queued events; one mark a file system is used")
    watches, wanted = _number(host, "inotify/max_user_watches"), Settings().directories
    instances = _number(host, "inotify/max_user_instances")
    words = f"{watches} watches, {instances} instances"
    if watches is None:
        yield limited("kernel", "inotify limits", "cannot be read", "mount /proc/sys, or take no heed with fanotify")
    elif watches < wanted:
        step = f"sysctl fs.inotify.max_user_watches={wanted * 2} (only the inotify fallback needs them)"
        yield limited("kernel", "inotify limits", f"{words}: up to {wanted} folders of models may want one each", step)
    else:
        yield good("kernel", "inotify limits", words)


def sources(conditions: Conditions, settings: Settings) -> Iterator[Check]:
    """Yield every live source: used, or why not; and what none of them tells."""
    choice = choose(all_watchers(), conditions, settings)
    used = {one.watcher.name: one for one in choice.used}
    passed = {one.name: one.why for one in choice.passed}
    for watcher in all_watchers():
        if one := used.get(watcher.name):
            words = f"used for {', '.join(sorted(one.kinds))}: {watcher.help}"
            if one.less:
                yield limited(
                    "sources",
                    watcher.name,
                    f"{words}; {one.less}",
                    f"give it {' and '.join(_lacking(watcher.better_with, conditions))}",
                )
            else:
                yield good("sources", watcher.name, words)
            continue
        yield _unused(watcher.name, passed[watcher.name], asked_for=settings.wanted.get(watcher.name, False))
    for kind in sorted(choice.untold):
        step = "switch a source on that tells it, or give the rights that one above asks for"
        yield limited("sources", f"{kind} events", "no live source: the timed reconcile finds them, later", step)


def _unused(name: str, why: str, *, asked_for: bool) -> Check:
    if why.endswith("tells the same, better") or (not asked_for and any(words in why for words in _BY_CHOICE)):
        return good("sources", name, f"not used: {why}")
    if asked_for:
        return missing(
            "sources",
            name,
            f"switched on, and cannot be used: {why}",
            f"give what it needs, or watch.sources.{name}: auto",
        )
    return limited("sources", name, f"not used: {why}", "give what it needs; what tells the same is used meanwhile")


def gpus(host: Host) -> Check:
    """Say whether use of NVIDIA's GPUs can be told by process."""
    if not any(host.exists(path) for path in ("/proc/driver/nvidia", "/dev/nvidia0", "/sys/module/nvidia")):
        return good("runtimes", "nvidia", "no NVIDIA driver on this host")
    module = nvml.load()
    if module is None:
        step = "install the extra: aiguard-agent[gpu]"
        return limited("runtimes", "nvidia", "driver present; GPU memory by process is not told", step)
    try:
        cards = nvml.ask(module)
    except OSError as error:
        return limited(
            "runtimes", "nvidia", f"NVML does not answer: {error}", "nvidia-smi shows whether the driver works"
        )
    return good("runtimes", "nvidia", f"NVML tells of {len(cards)} GPUs")


def runtimes(host: Host) -> Iterator[Check]:
    """Yield each container runtime that lies here: can its state be read?"""
    for name, (home, state) in RUNTIMES.items():
        if not host.exists(home):
            continue
        try:
            host.names(state)
        except FileNotFoundError:
            yield good("runtimes", name, f"{home} is there, without containers")
        except OSError as error:
            step = "run it as root, or give it CAP_DAC_READ_SEARCH; in a container mount it read-only"
            yield limited("runtimes", name, f"{state}: {error.strerror}: names and images are not told", step)
        else:
            yield good("runtimes", name, f"{state} can be read")


def _number(host: Host, name: str) -> int | None:
    try:
        return int(host.text(f"/proc/sys/fs/{name}", 64))
    except (OSError, ValueError):
        return None


def _lacking(names: tuple[str, ...], conditions: Conditions) -> list[str]:
    return [name for name in names if name not in conditions.capabilities]
