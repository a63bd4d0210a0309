"""Parsers for the text files of /proc/PID/net: what we read where netlink is refused, and of recorded hosts; pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from aiguard_agent.collect.addresses import text_of_hex

ADDRESSES = 64
"""Addresses of one namespace that are kept."""
_ACCEPTING = 0x00010000
"""__SO_ACCEPTCON in the flags of /proc/net/unix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """One listening socket as the kernel lists it, its owner not yet known."""

    family: str
    address: str
    port: int = 0
    uid: int = 0
    inode: int = 0


def parse_tcp(text: str, family: str) -> tuple[Listening, ...]:
    """Read /proc/net/tcp or tcp6; lines that are not listening, or not lines, are passed over."""
    found: list[Listening] = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 10 or fields[3] != "0A":
            continue
        address, _, port = fields[1].rpartition(":")
        try:
            found.append(
                Listening(
                    family=family,
                    address=text_of_hex(address),
                    port=int(port, 16) & 0xFFFF,
                    uid=int(fields[7]),
                    inode=int(fields[9]),
                )
            )
        except ValueError:
            continue
    return tuple(found)


def parse_unix(text: str) -> tuple[Listening, ...]:
    """Read the listening sockets of /proc/net/unix that have a name."""
    found: list[Listening] = []
    for line in text.splitlines()[1:]:
        fields = line.split(None, 7)
        try:
            if len(fields) == 8 and int(fields[3], 16) & _ACCEPTING:
                found.append(Listening(family="unix", address=fields[7], inode=int(fields[6])))
        except ValueError:
            continue
    return tuple(found)


def parse_interfaces(text: str) -> tuple[str, ...]:
    """Return the interface names of /proc/net/dev, sorted."""
    return tuple(sorted({line.partition(":")[0].strip() for line in text.splitlines()[2:] if ":" in line}))


def parse_local_v4(fib_trie: str) -> tuple[str, ...]:
    """Return the local IPv4 addresses of /proc/net/fib_trie, without loopback ones, in order of appearance."""
    found: dict[str, None] = {}
    address = ""
    for line in fib_trie.splitlines():
        bare = line.strip()
        if bare.startswith("|-- "):
            address = bare[4:]
        elif bare.startswith("/32 host LOCAL") and address and not address.startswith("127."):
            found.setdefault(address)
            if len(found) >= ADDRESSES:
                break
    return tuple(found)


def parse_local_v6(if_inet6: str) -> tuple[str, ...]:
    """Return the IPv6 addresses of /proc/net/if_inet6, without loopback, in order of appearance."""
    found: dict[str, None] = {}
    for line in if_inet6.splitlines()[:ADDRESSES]:
        fields = line.split()
        if len(fields) != 6 or fields[5] == "lo":
            continue
        try:
            found.setdefault(str(ipaddress.IPv6Address(bytes.fromhex(fields[0]))))
        except ValueError:
            continue
    return tuple(found)
