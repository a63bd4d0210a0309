"""The values that a key can have: how each is written, read, bounded and shown again. Pure.

A text becomes a value or a ValueError that says how to write it. `show` is the inverse: what it prints parses back.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntEnum
from typing import Any, NewType

from aiguard_agent.core.assets import Confidence
from aiguard_agent.core.finding import Severity
from aiguard_agent.core.problems import cut, listed

Seconds = NewType("Seconds", float)
"""A duration, written `250ms`, `10s`, `5m`, `1h30m`, `7d`."""
Bytes = NewType("Bytes", int)
"""A size, written `512MiB` (1024) or `512MB` (1000)."""
Percent = NewType("Percent", float)
"""Written `5%`."""
AbsolutePath = NewType("AbsolutePath", str)
"""A path that may not be there yet."""
ExistingFile = NewType("ExistingFile", str)
"""A path whose file must be there when the configuration is taken over."""
ExistingDirectory = NewType("ExistingDirectory", str)
"""A path whose directory must be there when the configuration is taken over."""
RuleId = NewType("RuleId", str)
"""A rule's id; known ones are handed to the loader."""
Name = NewType("Name", str)
"""A word without blanks: a user, a group."""

TEXT = 4096
"""Characters that one value has at most."""
_DURATION = re.compile(r"(?:\d{1,9}(?:\.\d{1,9})?(?:ms|s|m|h|d))+\Z", re.ASCII)
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", re.ASCII)
_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_SIZE = re.compile(r"(\d{1,19}(?:\.\d{1,9})?) ?([kKMGT]i?B|B)\Z", re.ASCII)
_BINARY = {"TiB": 1 << 40, "GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10, "B": 1}
_SIZES = {**_BINARY, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_PERCENT = re.compile(r"(\d{1,6}(?:\.\d{1,6})?) ?%\Z", re.ASCII)
_WHOLE = re.compile(r"\d{1,15}\Z", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,255}\Z", re.ASCII)
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True)
class Address:
    """An address to listen on."""

    host: str
    """An IP address, never a name: nothing is resolved at start."""
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Tell whether only this host can reach it."""
        return ipaddress.ip_address(self.host).is_loopback


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret lies; the secret itself never stands in the configuration, nor in memory as part of it."""

    file: str = ""
    credential: str = ""
    """Name below $CREDENTIALS_DIRECTORY (systemd LoadCredential=); "" when it is a file."""

    def __str__(self) -> str:
        return f"credential:{self.credential}" if self.credential else f"file:{self.file}"


SecretFile = NewType("SecretFile", Secret)
"""A secret of many lines that a library opens by its path: a private key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of value."""

    word: str
    """What the documentation calls it."""
    like: str
    """An example, for messages."""
    parse: Callable[[str], Any]
    show: Callable[[Any], str] = str
    schema: Mapping[str, object]
    """The same as JSON Schema, for editors."""


def duration(text: str) -> Seconds:
    """Return seconds, to the millisecond; raises ValueError for a number without its unit."""
    if not _DURATION.match(text):
        hint = f": `{text}s`?" if _WHOLE.match(text) else ""
        raise ValueError(f"`{cut(text)}` is no duration; write a number with ms, s, m, h or d{hint}")
    return Seconds(round(sum(float(number) * _UNITS[unit] for number, unit in _DURATION_PART.findall(text)), 3))


def show_duration(seconds: float) -> str:
    """Return the duration in its largest whole units."""
    left, shown = round(seconds * 1000), ""
    for unit, size in _UNITS.items():
        count, left = divmod(left, round(size * 1000))
        shown += f"{count}{unit}" if count else ""
    return shown or "0s"


def size(text: str) -> Bytes:
    """Return bytes; raises ValueError for a number without its unit."""
    found = _SIZE.match(text)
    if found is None or found[2] not in _SIZES:
        hint = f": `{text.rstrip('kKMGTi')}MiB`?" if re.match(r"[0-9]{1,15}[kKMGTi]*\Z", text) else ""
        raise ValueError(f"`{cut(text)}` is no size; write a number with B, KiB, MiB, GiB, TiB, MB or GB{hint}")
    number = float(found[1]) if "." in found[1] else int(found[1])
    return Bytes(round(number * _SIZES[found[2]]))


def show_size(count: int) -> str:
    """Return the size in the largest unit that leaves no fraction."""
    unit = next((unit for unit, size in _BINARY.items() if count and count % size == 0), "B")
    return f"{count // _BINARY[unit]}{unit}"


def percent(text: str) -> Percent:
    """Return the number before the sign; raises ValueError without the sign."""
    found = _PERCENT.match(text)
    if found is None:
        hint = f": `{text}%`?" if _WHOLE.match(text) else ""
        raise ValueError(f"`{cut(text)}` is no percentage; write a number with %{hint}")
    return Percent(round(float(found[1]), 2))


def show_percent(value: float) -> str:
    """Return the number with the sign and without idle zeros."""
    return f"{value:.2f}".rstrip("0").removesuffix(".") + "%"


def whole(text: str) -> int:
    """Return a whole number from 0."""
    if not _WHOLE.match(text):
        raise ValueError(f"`{cut(text)}` is no whole number")
    return int(text)


def switch(text: str) -> bool:
    """Return what `true` or `false` means; `yes`, `no`, `on` and `off` are understood."""
    if text.lower() not in _WORDS:
        raise ValueError(f"`{cut(text)}` is neither `true` nor `false`")
    return _WORDS[text.lower()]


def absolute(text: str) -> AbsolutePath:
    """Return a full path; what is relative to a daemon's working directory is a mistake."""
    if not text.startswith("/"):
        raise ValueError(f"`{cut(text)}` is no full path; begin with `/`")
    if not text.isprintable():
        raise ValueError(f"`{cut(text)}` holds characters that no path here may have")
    if len(text) > TEXT:
        raise ValueError(f"is longer than {TEXT} characters")
    return AbsolutePath(text)


def name(text: str) -> Name:
    """Return one word."""
    if not _NAME.match(text):
        raise ValueError(f"`{cut(text)}` is no name; letters, digits, `_`, `.`, `@` and `-` make one")
    return Name(text)


def rule(text: str) -> RuleId:
    """Return a rule's id by its shape; whether there is such a rule is known elsewhere."""
    if not re.match(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z", text) or len(text) > 100:
        raise ValueError(f"`{cut(text)}` is no rule id; see: aiguard-agent rules list")
    return RuleId(text)


def address(text: str) -> Address:
    """Return host and port; a host name is refused, because what it resolves to is not in this file."""
    host, _colon, port = text.rpartition(":")
    host = "127.0.0.1" if host == "localhost" else host.removeprefix("[").removesuffix("]")
    number = int(port) if re.match(r"[0-9]{1,5}\Z", port) else 0
    if not host:
        raise ValueError(
            f"`{cut(text)}` names no address; `127.0.0.1:26442` is for this host alone, `0.0.0.0:26442` for everybody"
        )
    if not 1 <= number <= 65535:
        raise ValueError(f"`{cut(text)}` has no port from 1 to 65535")
    try:
        return Address(str(ipaddress.ip_address(host)), number)
    except ValueError as error:
        raise ValueError(f"`{cut(text)}` is no IP address with a port; names are not resolved") from error


def secret(text: str) -> Secret:
    """Return where a secret lies, from `file:PATH` or `credential:NAME`. The text is never quoted: it may be one."""
    how, _colon, where = text.partition(":")
    if how == "file" and where.startswith("/") and where.isprintable() and len(where) <= TEXT:
        return Secret(file=where)
    if how == "credential" and _NAME.match(where):
        return Secret(credential=where)
    if how == "file":
        raise ValueError("the file of a secret is given by its full path; begin with `/`")
    if how == "credential":
        raise ValueError("a credential's name is made of letters, digits, `_`, `.`, `@` and `-`")
    raise ValueError(
        "holds the secret itself; put it into a file that only the agent may read (chmod 600) and give"
        " `{file: PATH}`, or `{credential: NAME}` for one of systemd's LoadCredential="
    )


def ordered(kind: type[Severity] | type[Confidence], word: str) -> Kind:
    """Return the kind of an ordered scale, by its lower-case words."""
    words = [member.word for member in kind]

    def parse(text: str) -> IntEnum:
        if text not in words:
            raise ValueError(_none_of(text, words))
        return kind[text.upper()]

    return Kind(
        word=word,
        like=words[-1],
        parse=parse,
        show=lambda value: str(value.word),
        schema={"type": "string", "enum": words},
    )


def choice(words: tuple[str, ...]) -> Kind:
    """Return the kind of a few words."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(_none_of(text, words))
        return text

    return Kind(
        word=" or ".join(f"`{word}`" for word in words),
        like=words[0],
        parse=parse,
        schema={"type": "string", "enum": list(words)},
    )


def _none_of(text: str, words: Sequence[str]) -> str:
    near = get_close_matches(text[:64].lower(), words, n=1, cutoff=0.5)
    return f"`{cut(text)}` is none of {listed(words)}{f', did you mean `{near[0]}`?' if near else ''}"


_PATH: Mapping[str, object] = {"type": "string", "pattern": "^/"}
_SECRET: Mapping[str, object] = {
    "type": "object",
    "properties": {"file": _PATH, "credential": {"type": "string"}},
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
}

KINDS: Mapping[object, Kind] = {
    Seconds: Kind(
        word="duration",
        like="10s",
        parse=duration,
        show=show_duration,
        schema={"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$"},
    ),
    Bytes: Kind(
        word="size",
        like="512MiB",
        parse=size,
        show=show_size,
        schema={"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?([kKMGT]i?B|B)$"},
    ),
    Percent: Kind(
        word="percentage",
        like="5%",
        parse=percent,
        show=show_percent,
        schema={"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?%$"},
    ),
    int: Kind(word="number", like="100", parse=whole, schema={"type": "integer", "minimum": 0}),
    bool: Kind(
        word="`true` or `false`",
        like="true",
        parse=switch,
        show=lambda value: "true" if value else "false",
        schema={"type": "boolean"},
    ),
    AbsolutePath: Kind(word="path", like="/srv/models", parse=absolute, schema=_PATH),
    ExistingFile: Kind(word="path of a file", like="/etc/aiguard-agent/x", parse=absolute, schema=_PATH),
    ExistingDirectory: Kind(word="path of a directory", like="/etc/aiguard-agent/x", parse=absolute, schema=_PATH),
    Name: Kind(word="name", like="prometheus", parse=name, schema={"type": "string"}),
    RuleId: Kind(word="rule id", like="runs-as-root", parse=rule, schema={"type": "string"}),
    Address: Kind(word="address:port", like="127.0.0.1:26442", parse=address, schema={"type": "string"}),
    Secret: Kind(word="secret", like="{file: PATH}", parse=secret, schema=_SECRET),
    SecretFile: Kind(word="secret file", like="{file: PATH}", parse=secret, schema=_SECRET),
    Severity: ordered(Severity, "severity"),
    Confidence: ordered(Confidence, "confidence"),
}
"""What each type of the schema is as text."""
