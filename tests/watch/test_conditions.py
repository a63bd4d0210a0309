"""What kernel and rights allow."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aiguard_agent.collect.host import Host
from aiguard_agent.watch.conditions import capabilities_of, look, version_of
from aiguard_agent.watch.watcher import Settings


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("6.18.44-fc", (6, 18)),
        ("5.14.0-503.el9", (5, 14)),
        ("6.1", (6, 1)),
        ("6.12-rc1", (6, 12)),
        ("x", (0, 0)),
        ("", (0, 0)),
    ],
)
def test_versions(release: str, expected: tuple[int, int]) -> None:
    """Releases of distributions are read; nonsense is the oldest kernel there is."""
    assert version_of(release) == expected


def test_capabilities() -> None:
    """Effective capabilities are named by their bits; others, and nonsense, are none."""
    assert capabilities_of("CapPrm:\tffff\nCapEff:\t0000000000280004\n") == {
        "CAP_SYS_ADMIN",
        "CAP_SYS_PTRACE",
        "CAP_DAC_READ_SEARCH",
    }
    assert capabilities_of("CapEff:\tzz\n") == frozenset()
    assert capabilities_of("") == frozenset()


def test_this_host(tmp_path: Path) -> None:
    """A look finds kernel, rights and whether tracefs is there."""
    (tmp_path / "instances").mkdir()

    found = look(Host(), Settings(tracefs=(str(tmp_path),)))

    assert found.kernel == version_of(os.uname().release)
    assert ("CAP_SYS_ADMIN" in found.capabilities) or os.geteuid() != 0 or not found.init_namespaces
    assert found.places == {"tracefs": True}
    assert look(Host(), Settings(tracefs=("/no/where",))).places == {"tracefs": False}
