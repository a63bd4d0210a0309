"""The words that `identify` (which asks) and `probe` (which sends) exchange."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One listening socket whose owner we know; nothing else may be asked."""

    pid: int
    start_ticks: int
    """With pid: the identity that is re-checked right before connecting."""
    netns: int | None
    family: str
    """`tcp4`, `tcp6` or `unix`, as in Listener."""
    address: str
    """Bind address as listed; the wildcard is asked through loopback."""
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRequest:
    """One request that would settle what a server is. GET, unless `opt_in` names a read-only POST."""

    path: str
    """Begins with `/`; printable ASCII without blanks."""
    method: str = "GET"
    body: str = ""
    content_type: str = ""
    accept: str = "*/*"
    opt_in: bool = False
    """True for the marked exceptions (a read-only POST), never sent by default."""
    keep_body: bool = True
    """False when the answer may hold a secret: status and headers are kept, of the body only JSON key names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What one target answered to one request; a failure is an answer too."""

    target: Target
    request: ProbeRequest
    status: int | None = None
    """None = no HTTP answer at all, see `error`."""
    headers: tuple[tuple[str, str], ...] = ()
    """Names in lower case, in the order received."""
    body: bytes = b""
    truncated: bool = False
    """True when the body was longer than the cap, or the time budget ended it."""
    tls: bool = False
    error: str = ""
    """`refused`, `timeout`, `not-http`, `tls`, `reset`, `denied`, `budget`, … with words after a colon."""

    def header(self, name: str) -> str:
        """Return the first header of that name, "" when absent."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key == wanted), "")
