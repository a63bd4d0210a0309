"""What we may see, and what we say when we may not."""

import pytest

from aiguard_agent.collect.host import Host
from aiguard_agent.collect.rights import advice, is_rootless

ROOT, PLAIN = "000001ffffffffff", "0000000000000000"


def test_a_recorded_host_is_never_rootless(fake) -> None:
    """Who reads a recording does not matter; who made it does."""
    assert is_rootless(fake.host()) is False
    assert advice(fake.host()) == "record it as root"


@pytest.mark.parametrize(
    ("bits", "rootless"),
    [(ROOT, False), ("0000000000080004", False), ("0000000000080000", True), ("0000000000000004", True)],
)
def test_rights_on_the_live_host(monkeypatch: pytest.MonkeyPatch, bits: str, rootless: bool) -> None:
    """Both the right to trace and the right to list foreign folders are needed."""
    monkeypatch.setattr(Host, "text", lambda *_: f"CapEff:\t{bits}\n")

    assert is_rootless(Host()) is rootless


@pytest.mark.parametrize(("bits", "root"), [(ROOT, False), (PLAIN, True)])
def test_nobody_is_told_to_become_what_he_is(monkeypatch: pytest.MonkeyPatch, bits: str, root: bool) -> None:
    """Without the rights the advice is to run as root; with them it names who may have refused."""
    monkeypatch.setattr(Host, "text", lambda *_: f"CapEff:\t{bits}\n")

    assert ("run as root" in advice(Host())) is root
    assert ("user namespace" in advice(Host())) is not root


def test_without_a_status_we_have_no_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    """A /proc that does not even show ourselves gives the plainest advice."""

    def gone(*_: object) -> str:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(Host, "text", gone)

    assert advice(Host()) == "run as root"
