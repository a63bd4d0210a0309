"""What the facts were recognised as: servers and model files."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from aiguard_agent.core.facts import Blind, Container, Gpu, Listener, Process


class Confidence(IntEnum):
    """How sure we are; ordered, so that the best of several wins."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def word(self) -> str:
        """Lower-case word for output."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One thing that was seen and where, in words an analyst can check by hand."""

    what: str
    """`exe is /usr/bin/ollama`, `GET /api/tags 200 without a key`."""
    where: str
    """`/proc/4121/exe`, `127.0.0.1:11434`, a path."""
    kind: str = ""
    """`exe`, `argv`, `package`, `library`, `http`, `header`, `image`, `env`, `file`, `gpu`, `port`, …"""
    weight: int = 0
    """Rank of its kind, higher is stronger (docs/signatures.md); 0 = told, not counted."""


class AuthState(StrEnum):
    """How open a server is to somebody without credentials."""

    NONE = "none"
    PARTIAL = "partial"
    """A key is set, but the routes named in the evidence answer without it."""
    SELF_REGISTRATION = "self-registration"
    """Anybody may make an account, or claim the first one."""
    REQUIRED = "required"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """The grade and what it rests on."""

    state: AuthState = AuthState.UNKNOWN
    open_routes: tuple[str, ...] = ()
    """Routes that answered without credentials though others did not."""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One version, and who says so."""

    value: str
    source: str
    """`package vllm`, `GET /version`, `image vllm/vllm-openai:v0.10.11`."""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRef:
    """A model that a server has, could load, or says it has."""

    name: str
    """As the server calls it, or the file's own name."""
    via: str
    """How we know: `mapped`, `opened`, `argv`, `env`, `http`, `manifest`."""
    path: str = ""
    """Host path when a file was found, else ""."""
    model_id: str = ""
    """ModelFile.id when it was matched to one, else ""."""
    digest: str = ""
    """Digest the server itself reports, `sha256:…`, else ""."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One AI server, gateway, agent or notebook: a process tree with a name."""

    id: str
    """Stable words (`ollama@gpu-07:11434`), never a pid: findings, waivers and approvals hang on it."""
    product: str
    """Signature id, or `unknown-model-server`."""
    name: str
    category: str
    process: Process
    children: tuple[int, ...] = ()
    """Pids folded into this server."""
    listeners: tuple[Listener, ...] = ()
    version: str = ""
    """"" = unknown."""
    versions: tuple[Claim, ...] = ()
    """All that was said, the one that won first."""
    auth: Auth = Auth()
    models: tuple[ModelRef, ...] = ()
    container: Container | None = None
    isolated: bool = False
    """True when its network namespace has no interface but loopback."""
    emulates: tuple[str, ...] = ()
    front_of: tuple[str, ...] = ()
    """Ids of servers that this one stands in front of."""
    remote_models: tuple[str, ...] = ()
    """Models it passes on to somebody else's cloud."""
    confidence: Confidence = Confidence.LOW
    evidence: tuple[Evidence, ...] = ()
    """Strongest first."""
    conflicts: tuple[Evidence, ...] = ()
    """Where process and HTTP, or two version readers, say different things."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelHeader:
    """What one file says of itself; attacker-written text, never proof of identity."""

    format: str
    """Name of the format (docs/formats.md)."""
    name: str = ""
    architecture: str = ""
    parameters: int | None = None
    quantization: str = ""
    context_length: int | None = None
    license: str = ""
    base_model: str = ""
    author: str = ""
    fingerprint: str = ""
    """Structural fingerprint: hex SHA-256 over sorted (tensor name, dtype, shape); "" when no tensors are seen."""
    tensors: tuple[tuple[str, str, tuple[int, ...]], ...] = ()
    """What the fingerprint was made of, kept only where shards must be united; else empty."""
    runs_code: bool = False
    """True when loading it the ordinary way can run code that the file brings along."""
    role: str = "model"
    """`model`, `shard-index`, `config`, `tokenizer`, `manifest`, `adapter`, `weights-part`: how bundles use it."""
    links: tuple[str, ...] = ()
    """Other files it names (shards, external data), as written in it."""
    complete: bool = True
    """False when a limit or a broken header ended the reading: then nothing here is the whole story."""
    remarks: tuple[str, ...] = ()
    """Oddities in words: `header length exceeds file`, `extension says .pt`."""
    extra: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """One model on this host: a file, or a bundle of files under its main one."""

    id: str
    path: str
    """Host path of the file, or of the directory of a bundle."""
    format: str
    size: int
    """Bytes, all parts together."""
    name: str = ""
    architecture: str = ""
    parameters: int | None = None
    quantization: str = ""
    context_length: int | None = None
    license: str = ""
    base_model: str = ""
    author: str = ""
    source: str = ""
    """Where it says it came from: `hf:org/name@revision`, `ollama:llama3.1:8b`, "" = unknown."""
    sha256: str = ""
    """Of the file itself, or of the digest a content-addressed store keeps it under; "" = not computed."""
    digest_claimed: bool = False
    """True when `sha256` is only the name its store keeps it under: anybody may call a file so."""
    fingerprint: str = ""
    runs_code: bool = False
    files: tuple[str, ...] = ()
    """All parts, host paths, sorted."""
    aliases: tuple[str, ...] = ()
    held_by: tuple[int, ...] = ()
    store: str = ""
    user: str = ""
    world_writable: bool = False
    directory_world_writable: bool = False
    complete: bool = True
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """All AI on one host, at one time: what rules see and bills of materials are made of."""

    taken_at: float
    hostname: str
    servers: tuple[Server, ...] = ()
    models: tuple[ModelFile, ...] = ()
    gpus: tuple[Gpu, ...] = ()
    blind: tuple[Blind, ...] = ()
    processes: int = 0
    listeners: int = 0
    namespaces: int = 0
    files: int = 0
    stores: tuple[str, ...] = ()
    rootless: bool = False
    probed: bool = True
    """False after `--no-probe`: nothing was asked over HTTP."""
