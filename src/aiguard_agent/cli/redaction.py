"""Take out of documents what tells whose host it is: names become hashes that are equal where the names were. Pure.

Texts of the host are hashed whole unless their key is known to hold a word of ours. Only sentences of our own, which
name things in their midst, are searched for them: paths, host names, user names, addresses.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

MARK = "redacted:"
_PATH = re.compile(r"(?<![\w./])/[^\s'\"`,;()<>|]*[^\s'\"`,;:.()<>|]")
_REST = r"(?:[^\s'\"`,;:()<>|]*[^\s'\"`,;:.()<>|])?"
_KERNELS = re.compile(r"/proc|/(?:proc/sys|proc/driver|sys)(?:/[a-z0-9_-][a-z0-9_.-]*)*")
_IPV4 = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_IPV6 = re.compile(r"(?<![\w:])[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?![\w:])")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,63}")
_KEY = re.compile(r"[a-z][a-z0-9_-]{0,40}")
_DEPTH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What the keys of one sort of document hold; a text under any other key is hashed whole."""

    words: Collection[str] = ()
    """One word of ours, kept as long as it looks like one."""
    sentences: Collection[str] = ()
    """A sentence of ours, searched for names."""


class Redactor:
    """Replaces names by keyed hashes: whoever has not the key cannot try names until one fits."""

    def __init__(
        self, key: bytes, *, names: Iterable[str] = (), paths: Iterable[str] = (), public: Iterable[str] = ()
    ) -> None:
        """`names` are host and user names, `paths` are known ones (they may hold blanks), `public` paths are kept."""
        self._key = key
        self._public = frozenset(public)
        known = sorted({path for path in paths if len(path) > 1} - self._public, key=len, reverse=True)
        self._known = re.compile(rf"(?:{'|'.join(map(re.escape, known))}){_REST}") if known else None
        whole = sorted({name for name in names if len(name) > 1 and name != "localhost"}, key=len, reverse=True)
        pattern = rf"(?<![\w-])(?:{'|'.join(map(re.escape, whole))})(?![\w-])"
        self._names = re.compile(pattern, re.IGNORECASE) if whole else None

    def hash(self, text: str) -> str:
        """Return what stands for a text; equal texts have equal ones."""
        digest = hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        return f"{MARK}{digest[:12]}"

    def sentence(self, text: str) -> str:
        """Replace the paths, names and addresses in a sentence of ours."""
        if self._known is not None:
            text = self._known.sub(lambda found: self.hash(found[0]), text)
        text = _PATH.sub(lambda found: self._path(found[0]), text)
        if self._names is not None:
            text = self._names.sub(lambda found: self.hash(found[0].lower()), text)
        for pattern in (_IPV4, _IPV6):
            text = pattern.sub(lambda found: self._address(found[0]), text)
        return text

    def document(self, value: Any, keys: Keys, key: str = "", depth: int = 0) -> Any:
        """Return a JSON value with every text in it judged by the key that it stands under."""
        if depth > _DEPTH:
            return self.hash("too deep")
        if isinstance(value, dict):
            return {
                name if _KEY.fullmatch(name) else self.hash(name): self.document(one, keys, name, depth + 1)
                for name, one in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.document(one, keys, key, depth + 1) for one in value]
        if not isinstance(value, str) or not value:
            return value
        if key in keys.sentences:
            return self.sentence(value)
        return value if key in keys.words and _WORD.fullmatch(value) else self.hash(value)

    def _path(self, path: str) -> str:
        return path if path in self._public or _KERNELS.fullmatch(path) else self.hash(path)

    def _address(self, text: str) -> str:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return text
        return text if address.is_loopback or address.is_unspecified else self.hash(text)
