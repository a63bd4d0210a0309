"""What rights let us see, in words."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from aiguard_agent.cli.health.check import Stand
from aiguard_agent.cli.health.rights import WANTED, collectors, entered, entering, hidepid, option_of, rights, yama
from aiguard_agent.collect.host import Host
from aiguard_agent.collect.netns import Dump
from aiguard_agent.collect.run import all_collectors

DENIED = Dump(error=OSError(errno.EPERM, os.strerror(errno.EPERM)))


def host_with(tmp_path: Path, options: str = "rw", scope: str = "") -> Host:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mountinfo").write_text(f"22 1 0:20 / /proc rw,nosuid - proc proc {options}\n")
    if scope:
        (tmp_path / "proc/sys/kernel/yama").mkdir(parents=True)
        (tmp_path / "proc/sys/kernel/yama/ptrace_scope").write_text(f"{scope}\n")
    return Host(tmp_path)


def test_capabilities_that_are_lacking(tmp_path: Path) -> None:
    """What is lacking is named, with a way to give it; with all of them nothing is to be done."""
    host = host_with(tmp_path)
    some, alone, *_rest = rights(host, WANTED[:1], init_namespaces=False)
    every, own, *_rest = rights(host, WANTED, init_namespaces=True)

    assert (some.stand, "CAP_SYS_ADMIN" in some.found, "CAP_SYS_ADMIN" in some.step) == (Stand.LIMITED, True, True)
    assert (alone.stand, "hostPID" in alone.step) == (Stand.LIMITED, True)
    assert {every.stand, own.stand} == {Stand.OK}
    assert every.step == ""


def test_each_collector() -> None:
    """Every collector is told; without rights those that need some see less, with them none does."""
    without, within = list(collectors(())), list(collectors(WANTED))

    assert [one.name for one in without] == [one.name for one in all_collectors()]
    assert {one.name for one in without if one.stand is Stand.LIMITED} == {c.name for c in all_collectors() if c.needs}
    assert {one.stand for one in within} == {Stand.OK}


@pytest.mark.parametrize(
    ("options", "capabilities", "stand"),
    [
        ("rw", (), Stand.OK),
        ("rw,hidepid=0", (), Stand.OK),
        ("rw,hidepid=invisible,gid=4", (), Stand.LIMITED),
        ("rw,hidepid=2", (), Stand.LIMITED),
        ("rw,hidepid=2", ("CAP_SYS_PTRACE",), Stand.OK),
    ],
)
def test_hidepid(tmp_path: Path, options: str, capabilities: tuple[str, ...], stand: Stand) -> None:
    """Hidden processes limit us, unless we see through it."""
    assert hidepid(host_with(tmp_path, options), capabilities).stand is stand


def test_no_mountinfo(tmp_path: Path) -> None:
    """Where /proc is not mounted that is said, not raised."""
    assert hidepid(Host(tmp_path), ()).stand is Stand.LIMITED


def test_yama(tmp_path: Path) -> None:
    """Even the strictest scope takes nothing from who only reads."""
    assert yama(Host(tmp_path)).found == "not in this kernel"
    assert (yama(host_with(tmp_path, scope="3")).stand, "ptrace_scope 3" in yama(Host(tmp_path)).found) == (
        Stand.OK,
        True,
    )


def test_namespaces() -> None:
    """Those that refuse us are counted with the reason; what to do depends on whether a right is lacking."""
    lacking, refused = entered({1: Dump(), 2: DENIED}, 0, ()), entered({2: DENIED}, 3, WANTED)

    assert lacking.found == "1 of 2 other network namespaces can be entered (Operation not permitted)"
    assert "CAP_SYS_ADMIN" in lacking.step
    assert ("3 processes" in refused.found, "security module" in refused.step) == (True, True)
    assert entered({1: Dump()}, 0, ()).stand is Stand.OK


def test_this_host() -> None:
    """Entering namespaces moves no thread but its own."""
    before = os.readlink("/proc/thread-self/ns/net")

    assert "network namespaces" in entering(Host(), WANTED).found
    assert os.readlink("/proc/thread-self/ns/net") == before


def test_mount_options() -> None:
    """An option is found by its whole name."""
    assert option_of("rw,xhidepid=1,hidepid=2", "hidepid") == "2"
    assert option_of("rw", "hidepid") == ""
