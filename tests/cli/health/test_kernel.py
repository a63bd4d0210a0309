"""What kernel and runtimes let us see, in words."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aiguard_agent.cli.health import kernel
from aiguard_agent.cli.health.check import Stand
from aiguard_agent.collect.host import Host
from aiguard_agent.watch.choose import Conditions
from aiguard_agent.watch.conditions import all_watchers
from aiguard_agent.watch.watcher import Settings

ABLE = Conditions(
    capabilities=frozenset({"CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH"}), kernel=(6, 1)
)


def tree(tmp_path: Path, **files: str) -> Host:
    for name, text in files.items():
        path = tmp_path / "proc/sys/fs" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Host(tmp_path)


def test_openat2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here it works; a kernel or a seccomp profile without it is something missing."""
    assert kernel.opening().stand is Stand.OK

    def refuse(*_arguments: object) -> int:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr("aiguard_agent.collect.openat2.open_in_root", refuse)
    assert (kernel.opening().stand, "Linux 5.6" in kernel.opening().step) == (Stand.MISSING, True)


def test_limits(tmp_path: Path) -> None:
    """Few inotify watches limit the fallback, and the line to type is there; unknown limits are said to be so."""
    few = tree(tmp_path / "few", inotify__max_user_watches="8192\n", inotify__max_user_instances="128\n")
    many = tree(tmp_path / "many", inotify__max_user_watches="524288", fanotify__max_user_marks="100")
    (tmp_path / "none").mkdir()

    stands = {host: [one.stand for one in kernel.limits(host)] for host in (few, many, Host(tmp_path / "none"))}

    assert list(stands.values()) == [[Stand.OK, Stand.LIMITED], [Stand.OK, Stand.OK], [Stand.OK, Stand.LIMITED]]
    assert "sysctl fs.inotify.max_user_watches=40000" in list(kernel.limits(few))[1].step


def test_sources_with_all_rights() -> None:
    """Every watcher is told of; those that another one beats or that are off by default are not missed."""
    told = list(kernel.sources(ABLE, Settings()))

    assert [one.name for one in told] == [watcher.name for watcher in all_watchers()]
    assert {one.stand for one in told} == {Stand.OK}


def test_sources_without_rights() -> None:
    """What sees less or cannot be used says what it needs; what was switched on and cannot be used is missing."""
    wanted = Settings(wanted={"tracefs": True, "watchdog_files": False})
    told = {one.name: one for one in kernel.sources(Conditions(kernel=(6, 1)), wanted)}

    assert told["tracefs"].stand is Stand.MISSING
    assert "watch.sources.tracefs: auto" in told["tracefs"].step
    assert told["fanotify_files"].stand is Stand.LIMITED
    assert "CAP_SYS_ADMIN" in told["fanotify_files"].found
    assert told["listen_diff"].step.startswith("give it CAP_SYS_ADMIN")
    assert told["watchdog_files"].stand is Stand.OK
    assert told["file events"].stand is Stand.LIMITED


def test_runtimes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only runtimes that are there are told of; state that is denied limits us."""
    (tmp_path / "var/lib/docker/containers").mkdir(parents=True)
    (tmp_path / "run/containerd").mkdir(parents=True)
    host = Host(tmp_path)
    docker, containerd = kernel.runtimes(host)
    assert (docker.name, docker.stand, "can be read" in docker.found) == ("docker", Stand.OK, True)
    assert "without containers" in containerd.found

    def deny(_host: Host, _path: str) -> list[str]:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Host, "names", deny)
    assert {one.stand for one in kernel.runtimes(host)} == {Stand.LIMITED}


def test_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a driver nothing is amiss; with one the library is wanted, and must answer."""
    (tmp_path / "bare").mkdir()
    assert kernel.gpus(Host(tmp_path / "bare")).stand is Stand.OK
    (tmp_path / "proc/driver/nvidia").mkdir(parents=True)
    host = Host(tmp_path)

    def with_library(module: Any, answer: Any) -> Stand:
        monkeypatch.setattr("aiguard_agent.collect.nvml.load", lambda: module)
        monkeypatch.setattr("aiguard_agent.collect.nvml.ask", answer)
        return kernel.gpus(host).stand

    def broken(_module: object) -> tuple[()]:
        raise TimeoutError("NVML did not answer within 5 s")

    assert with_library(None, None) is Stand.LIMITED
    assert with_library(SimpleNamespace(), broken) is Stand.LIMITED
    assert with_library(SimpleNamespace(), lambda _module: ("card",)) is Stand.OK
