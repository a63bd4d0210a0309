"""The approved inventory as frozen structs: which models, which servers, and what is tolerated until when.

Every key of `inventory.yaml` is a field here, its meaning beside it; docs/inventory.md tells the story.
A glob is a shell pattern over the whole text: `*` (also across `/`), `?`, `[a-z]`; upper and lower case differ.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct

Text = Annotated[str, Meta(min_length=1, max_length=4096)]
"""Something must be written: an empty value is a mistake, not a wish."""
Digest = Annotated[str, Meta(min_length=64, max_length=71)]
"""64 hexadecimal digits, `sha256:` in front allowed. The loader checks the digits: stated here as a
`Meta(pattern=...)`, msgspec 0.22 crashed the interpreter (reference counting, seen at garbage collection)."""
Port = Annotated[int, Meta(ge=1, le=65535)]
"""A TCP port."""


class Bind(StrEnum):
    """How far an approved server may be reached; unix sockets count as loopback."""

    LOOPBACK = "loopback"
    PRIVATE = "private"
    PUBLIC = "public"
    ANY = "any"


class ApprovedModel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One approved model. At least one of the first six keys names it; the strongest one that fits decides."""

    sha256: Digest | tuple[Digest, ...] = ()
    """Digest of the file, or a list of them (shards, several quantisations). Strongest."""
    fingerprint: Digest | tuple[Digest, ...] = ()
    """Structural fingerprint (tensor names, types, shapes) as `scan` prints it: survives renaming and
    re-sharding, but cannot tell a fine-tune from its base."""
    id: Text | None = None
    """Asset id as `scan` prints it, exact."""
    name: Text | None = None
    """Glob over the model's own name, or over its file name."""
    source: Text | None = None
    """Glob over where it came from: `hf:mistralai/*`, `ollama:llama3.1:8b`."""
    path: Text | None = None
    """Glob over its host path. Weakest: whoever may write there is approved with it."""
    format: Text | None = None
    """The only format it is approved in (`gguf`, `safetensors`, …)."""
    license: Text | None = None
    """Glob over the licence that the file states; another licence is a drift."""
    approved_by: Text | None = None
    """Who answers for it."""
    expires: date | None = None
    """Last day of the approval; after it the model counts as drifted."""
    note: Text | None = None
    """Why, ticket, anything for the next reader."""


class ApprovedServer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One approved server. `product` names it; `id`, `name`, `host`, `user`, `unit`, `container` and `ports` narrow
    which one is meant; `version`, `bind`, `auth` and `models` say how it must be.
    """

    product: Text
    """Signature id (`ollama`, `vllm`, `mcp-http`), or a glob over it."""
    id: Text | None = None
    """Asset id as `scan` prints it, or a glob over it: `ollama@gpu-*`."""
    name: Text | None = None
    """Glob over the server's printed name."""
    host: Text | None = None
    """Glob over the host name, for one inventory that many hosts share."""
    user: Text | None = None
    """Account that it must run as. A server that fits in all else but this is a drift, not a stranger."""
    unit: Text | None = None
    """Glob over its systemd unit: `ollama.service`."""
    container: Text | None = None
    """Glob over its container's name, image or id."""
    ports: tuple[Port, ...] = ()
    """Ports that it may listen on; another one is a drift."""
    version: Text | None = None
    """Range of versions: `>=0.5,<0.20`, `==1.2.*`, `!=0.9.3`."""
    bind: Bind | tuple[Bind, ...] | None = None
    """Widest scope that it may be reached from (`loopback` < `private` < `public` < `any`), or the list of those
    that are allowed."""
    auth: Literal["required", "partial", "none"] | None = None
    """Weakest authentication that is approved; `none` approves an open server."""
    models: tuple[Text, ...] = ()
    """Names (globs) of the models that it may load. `["*"]` = whatever it likes. Left out = any approved model."""
    approved_by: Text | None = None
    """Who answers for it."""
    expires: date | None = None
    """Last day of the approval; after it the server counts as drifted."""
    note: Text | None = None
    """Why, ticket, anything for the next reader."""


class Waiver(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One finding, or several of one rule, that somebody decided to live with for a while."""

    rule: Text
    """Rule id (`aiguard-agent rules list`), or a glob over it."""
    subject: Text = "*"
    """Glob over the finding's subject, an asset id as a rule."""
    reason: Text
    """Why it is tolerable."""
    by: Text
    """Who decided."""
    until: date
    """Last day that it holds. There is no waiver for ever."""
    note: Text | None = None
    """Ticket, anything for the next reader."""


class Inventory(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody approved. The last four fields are written by the loader, never in the file."""

    version: Literal[1] = 1
    """Version of this document's own schema."""
    models: tuple[ApprovedModel, ...] = ()
    servers: tuple[ApprovedServer, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    file: str = ""
    """Name of the file it was read from, for clauses and findings."""
    model_lines: tuple[int, ...] = ()
    server_lines: tuple[int, ...] = ()
    waiver_lines: tuple[int, ...] = ()

    def clause(self, section: Literal["models", "servers", "waivers"], index: int) -> str:
        """Name one entry so that a person finds it: `models[3]` and, when known, ` (inventory.yaml:41)`."""
        lines = {"models": self.model_lines, "servers": self.server_lines, "waivers": self.waiver_lines}[section]
        place = f" ({self.file}:{lines[index]})" if self.file and index < len(lines) else ""
        return f"{section}[{index}]{place}"


def texts(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """Return a one-or-many value as a tuple."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value
