"""What one server signature says: a YAML document, its file name equal to its id.

docs/signatures.md teaches it by example. Every regular expression is Python `re`, used with search().
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Category = Literal[
    "llm-server",
    "embedding-rerank-server",
    "general-model-server",
    "training-notebook-experiment",
    "ui-agent-platform",
    "gateway",
    "vector-db",
    "mcp-server",
    "image-audio-generation",
    "coding-agent-assistant",
]


class ProcessEvidence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the process itself shows. An exact name or module names the product; the rest supports."""

    exe: tuple[str, ...] = ()
    """Basenames (exe, argv[0], script of an interpreter, comm), compared without case, that no other software uses."""
    exe_weak: tuple[str, ...] = ()
    """Basenames shared with other software: count only beside a second signal."""
    cmdline: tuple[str, ...] = ()
    """Regular expressions on argv joined by blanks; never looked at for editors, shells, grep and their like."""
    python_module: tuple[str, ...] = ()
    """Modules given to `python -m`, exact or with `.*` at the end for a whole package."""
    java_class: tuple[str, ...] = ()
    """Main classes of a JVM, exact."""
    unless: tuple[str, ...] = ()
    """Regular expressions on argv: when one matches, this process is not the product after all."""
    listens: Literal["yes", "no", "any"] = "any"
    """Whether it must own a listening TCP socket (`mcp-http`: yes, `mcp-stdio`: no)."""
    flags: tuple[str, ...] = ()
    """Dangerous flags, whole argv words (`--dangerously-skip-permissions`), for the remote-code rule."""


class PackageEvidence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the product's own metadata lies."""

    pip: tuple[str, ...] = ()
    """Distribution names, normalised (lower case, dashes)."""
    npm: tuple[str, ...] = ()
    image: tuple[str, ...] = ()
    """Container image globs without a tag (`vllm/vllm-openai`, `nvcr.io/nim/*`)."""
    path: tuple[str, ...] = ()
    """Globs on the path of the exe or of the script (`*/node_modules/n8n/*`)."""


class Condition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an answer must be. All that is said must hold; a bare status never names a product (lint)."""

    status: int | tuple[int, ...] = ()
    """Empty = any status."""
    json: tuple[str, ...] = ()
    """Tests of `signatures.expression`, all of them."""
    body: tuple[str, ...] = ()
    """Texts that must all occur in the body."""
    header: dict[str, str] = {}
    """Header name -> regular expression."""


class Probe(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One read-only request, and what answer speaks for the product."""

    id: str
    get: str = ""
    post: str = ""
    """Only the marked exceptions of docs/probe-policy.md; never sent by default."""
    body: str = ""
    accept: str = ""
    match: Condition | None = None
    """None = asked for its content (version, models, auth) alone, names nothing."""
    rank: Literal["unique", "shared"] = "unique"
    """`unique`: no other product answers so. `shared`: supports, or names a product that nothing else names."""
    secret: bool = False
    """True when the answer may hold a secret: its body is dropped, only key names stay."""
    ports: tuple[int, ...] = ()
    """Only asked at these ports; empty = at every listener of the server."""


class VersionReader(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place where the version stands; the first that answers wins, the others are kept as cross-check."""

    package: str = ""
    """Python distribution in the process's own environment."""
    npm: str = ""
    probe: str = ""
    json: str = ""
    """Path of `signatures.expression` in that probe's answer; "" with `pattern` = the whole body."""
    header: str = ""
    pattern: str = ""
    """Regular expression whose first group is the version, on the value found (or on the body)."""
    image_tag: bool = False
    path: str = ""
    """Regular expression on the exe path or argv whose first group is the version."""
    lies: bool = False
    """True for a reader kept only to report the disagreement (an API level, a constant)."""


class ModelReader(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place where models are named."""

    probe: str = ""
    json: str = ""
    digest: str = ""
    """Path of the digests, parallel to `json`."""
    remote: str = ""
    """Path that is set for models passed on to a cloud, parallel to `json`."""
    argv: tuple[str, ...] = ()
    """Flags whose value is a model (`--model`, `-m`), as `--flag value` or `--flag=value`."""
    after: tuple[str, ...] = ()
    """Subcommands after which the first word that is not a flag is a model (`vllm serve MODEL`)."""
    env: tuple[str, ...] = ()


class AuthReader(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One sign of how open the server is. The first whose condition holds gives the grade."""

    state: Literal["none", "partial", "self-registration", "required"]
    probe: str = ""
    when: Condition | None = None
    argv: str = ""
    """Regular expression on argv; secrets are *** there, an empty one stays empty."""
    env: str = ""
    """Name of an environment variable that is set."""
    env_value: str = ""
    """Regular expression its value must match."""
    always: bool = False
    """True when the product has no authentication at all, whatever it answers."""
    note: str = ""


class VerifiedOn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When, against what, and how this signature was last checked."""

    date: str
    """ISO date."""
    version: str = ""
    how: Literal["live", "source", "reported", "memory"]
    """`live`: the real server was asked. `source`: read in source or wheel. `reported`: other people's signatures."""
    source: str = ""


class ServerSignature(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to recognise one product."""

    id: str
    name: str
    category: Category
    maturity: Literal["sandbox", "incubating", "stable", "deprecated"] = "incubating"
    verified_on: VerifiedOn
    aliases: tuple[str, ...] = ()
    purl: str = ""
    """Package URL without version, for advisories and bills of materials (`pkg:pypi/vllm`)."""
    process: ProcessEvidence = ProcessEvidence()
    packages: PackageEvidence = PackageEvidence()
    libraries: tuple[str, ...] = ()
    """Globs on the file names of mapped libraries (`libggml*.so*`): support, never a name."""
    ports: tuple[int, ...] = ()
    """Default ports: probe order only."""
    bind: Literal["loopback", "any", "unknown"] = "unknown"
    """Where it listens out of the box."""
    probes: tuple[Probe, ...] = ()
    version: tuple[VersionReader, ...] = ()
    models: tuple[ModelReader, ...] = ()
    auth: tuple[AuthReader, ...] = ()
    open_routes: tuple[str, ...] = ()
    """Probe ids whose 200 without credentials makes a `required` grade `partial`."""
    emulates: tuple[str, ...] = ()
    """Ids of products whose API it speaks or that it is built on (`gradio`): it outranks them on the same process."""
    children: tuple[str, ...] = ()
    """Ids of products, or exe names, of processes that it starts as its own parts: folded into it."""
    folds: Literal["all", "named"] = "all"
    """`all`: unnamed descendants are its parts. `named`: only `children` are (agents and notebooks start anything)."""
    cluster: bool = False
    """True when its processes detach from each other: one server per user, container and namespace."""
    generic: bool = False
    """True for a family rather than a product (`openai-compatible`): named only when nothing else is."""
    remedy: tuple[str, ...] = ()
    """How to close it: the very setting (`bind it: OLLAMA_HOST=127.0.0.1`)."""
    note: str = ""
