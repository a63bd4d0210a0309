"""List the first members of a tar and read small ones, within bounds.

512-byte header: name 0-99 · size 124-135 (octal, or base 256) · type 156 · "ustar" 257 · prefix 345-499.
Data follow, padded to 512 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiguard_agent.core.reader import Reader

BLOCK = 512
MAX_MEMBERS = 256


@dataclass(frozen=True, slots=True)
class Member:
    """One member as its header describes it."""

    name: str
    offset: int
    """Of its data."""
    size: int
    kind: str
    """`0` or NUL: file, `5`: folder, `1` and `2`: links."""


@dataclass(frozen=True, slots=True)
class TarListing:
    """The first members, and whether they are all."""

    members: tuple[Member, ...] = ()
    complete: bool = True


def looks_like_tar(head: bytes) -> bool:
    """Tell by the mark in the first header and by its checksum, so that the word alone is not enough."""
    return head[257:262] == b"ustar" and _checksum_is_right(head[:BLOCK])


def list_tar(reader: Reader) -> TarListing:
    """Return the members up to the first broken header; raises what the reader raises and nothing else."""
    members: list[Member] = []
    at = 0
    while len(members) < MAX_MEMBERS and at < reader.size:
        header = reader.read_at(at, BLOCK)
        if not any(header):
            return TarListing(tuple(members))
        if not looks_like_tar(header):
            return TarListing(tuple(members), complete=False)
        size = _number(header[124:136])
        name = _text(header[:100])
        prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else ""
        full = f"{prefix}/{name}" if prefix else name
        members.append(Member(full.removeprefix("./"), at + BLOCK, size, chr(header[156])))
        at += BLOCK + -(-size // BLOCK) * BLOCK
    return TarListing(tuple(members), complete=at >= reader.size)


def _checksum_is_right(header: bytes) -> bool:
    if len(header) < BLOCK:
        return False
    return _number(header[148:156]) == sum(header[:148]) + 8 * 32 + sum(header[156:])


def _number(raw: bytes) -> int:
    if raw[:1] == b"\x80":
        return int.from_bytes(raw[1:], "big")
    digits = raw.strip(b" \0")
    return int(digits, 8) if digits.isdigit() and not set(digits) & set(b"89") else 0


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
