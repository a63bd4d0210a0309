"""Addresses and how far they reach."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiguard_agent.collect.addresses import scope_of, text_of, text_of_hex
from aiguard_agent.core.facts import Scope


@pytest.mark.parametrize(
    ("address", "scope"),
    [
        ("0.0.0.0", Scope.ANY),
        ("::", Scope.ANY),
        ("::ffff:0.0.0.0", Scope.ANY),
        ("127.0.0.1", Scope.LOOPBACK),
        ("127.255.0.9", Scope.LOOPBACK),
        ("::1", Scope.LOOPBACK),
        ("::ffff:127.0.0.1", Scope.LOOPBACK),
        ("10.1.2.3", Scope.PRIVATE),
        ("172.16.0.1", Scope.PRIVATE),
        ("172.31.255.255", Scope.PRIVATE),
        ("192.168.1.1", Scope.PRIVATE),
        ("169.254.1.1", Scope.PRIVATE),
        ("100.64.0.1", Scope.PRIVATE),
        ("100.127.255.255", Scope.PRIVATE),
        ("fd00::1", Scope.PRIVATE),
        ("fe80::1%eth0", Scope.PRIVATE),
        ("::ffff:10.0.0.1", Scope.PRIVATE),
        ("172.32.0.1", Scope.PUBLIC),
        ("172.15.0.1", Scope.PUBLIC),
        ("100.128.0.1", Scope.PUBLIC),
        ("100.63.255.255", Scope.PUBLIC),
        ("126.0.0.1", Scope.PUBLIC),
        ("8.8.8.8", Scope.PUBLIC),
        ("2001:4860::1", Scope.PUBLIC),
        ("::2", Scope.PUBLIC),
        ("not an address", Scope.PUBLIC),
    ],
)
def test_scope(address: str, scope: Scope) -> None:
    """Each range has its scope, its neighbours have another; what is no address counts as the worst."""
    assert scope_of(address) is scope


@given(st.text(max_size=60))
def test_any_text_has_a_scope(text: str) -> None:
    """No text raises."""
    assert isinstance(scope_of(text), Scope)


@pytest.mark.parametrize(
    ("digits", "text"),
    [
        ("0100007F", "127.0.0.1"),
        ("00000000", "0.0.0.0"),
        ("00000000000000000000000001000000", "::1"),
        ("0000000000000000FFFF00000100007F", "::ffff:127.0.0.1"),
        ("000080FE00000000FF005450B6AD1DFE", "fe80::5054:ff:fe1d:adb6"),
    ],
)
def test_hex(digits: str, text: str) -> None:
    """The kernel prints 32-bit words in host order (these are from little-endian machines)."""
    assert text_of_hex(digits) == text


@pytest.mark.parametrize("digits", ["", "0100007", "zz00007F", "0" * 16])
def test_bad_hex(digits: str) -> None:
    """What is no address raises ValueError."""
    with pytest.raises(ValueError, match=r"."):
        text_of_hex(digits)


def test_packed() -> None:
    """Four and sixteen bytes become text."""
    assert text_of(bytes([10, 0, 0, 1])) == "10.0.0.1"
    assert text_of(socket.inet_pton(socket.AF_INET6, "fd00::2")) == "fd00::2"
