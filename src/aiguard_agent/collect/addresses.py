"""Network addresses as text, and how far a socket bound to one can be reached from; pure."""

from __future__ import annotations

import ipaddress
import socket
import struct
from functools import lru_cache

from aiguard_agent.core.facts import Scope

_PRIVATE = tuple(
    ipaddress.ip_network(net)
    for net in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"),
        *("fc00::/7", "fe80::/10", "fec0::/10"),
    )
)


@lru_cache(maxsize=4096)
def scope_of(address: str) -> Scope:
    """Judge a bind address alone. A v4-mapped v6 address counts as the v4 address; text that is none, as public."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return Scope.PUBLIC
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    if parsed.is_unspecified:
        return Scope.ANY
    if parsed.is_loopback:
        return Scope.LOOPBACK
    private = any(parsed.version == net.version and parsed in net for net in _PRIVATE)
    return Scope.PRIVATE if private else Scope.PUBLIC


def text_of(packed: bytes) -> str:
    """Return the text of 4 or 16 bytes in network order."""
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def text_of_hex(digits: str) -> str:
    """Return the text of an address as /proc/net/tcp prints it: 32-bit words in the host's byte order.

    Raises ValueError when it is not 8 or 32 hexadecimal digits.
    """
    if len(digits) not in (8, 32):
        raise ValueError("not an address")
    words = (int(digits[at : at + 8], 16) for at in range(0, len(digits), 8))
    return text_of(b"".join(struct.pack("=I", word) for word in words))
