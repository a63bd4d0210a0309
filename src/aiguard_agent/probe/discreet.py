"""What of an answer may be kept: secrets that a server hands out end here; pure."""

from __future__ import annotations

import json
from collections.abc import Iterable

from aiguard_agent.core.facts import REDACTED

SECRET_HEADERS = frozenset({"mcp-session-id", "authorization", "x-api-key", "authentication-info"})
KEYS = 64
KEY_LENGTH = 64


def key_names(body: bytes) -> bytes:
    """Return a JSON object with the same top-level keys and null for every value; b"" when the body is no object."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return b""
    if not isinstance(found, dict):
        return b""
    return json.dumps({key: None for key in list(found)[:KEYS] if len(key) <= KEY_LENGTH}).encode()


def safe_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the headers without session secrets; of a cookie its name stays, which often names the product."""
    return tuple((name, _safe(name, value)) for name, value in headers)


def _safe(name: str, value: str) -> str:
    if name in ("set-cookie", "set-cookie2"):
        cookie, equals, _ = value.partition("=")
        return f"{cookie.strip()}={REDACTED}" if equals else REDACTED
    return REDACTED if name in SECRET_HEADERS else value
