"""What may be asked of a server and at what cost: pure, the only gate before a request is sent.

The words for people are in docs/probe-policy.md.
"""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass
from urllib.parse import unquote

from aiguard_agent.core.probing import ProbeRequest, Target
from aiguard_agent.errors import ProbeRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What asking may cost; every figure is a hard end, not a wish."""

    total_seconds: float = 10.0
    """All questions of one scan together."""
    request_seconds: float = 2.0
    """One deadline over connecting, sending, the TLS attempt and reading."""
    connect_seconds: float = 0.5
    header_bytes: int = 32 * 1024
    header_lines: int = 100
    body_bytes: int = 64 * 1024
    parallel: int = 16
    """Targets asked at the same time; one target is only ever asked one question at a time."""
    patience: int = 2
    """Time-outs (or answers that are no HTTP) of one target after which its other questions are dropped."""
    allow_posts: bool = False
    """Send the marked read-only POSTs too."""


PATH_LIMIT = 512
BODY_LIMIT = 1024

# fmt: off
EFFECT_ENDINGS = frozenset({
    "abort", "apply", "cancel", "chat", "completion", "completions", "copy", "cpu_profile", "create", "delete",
    "detokenize", "embed", "embedding", "embeddings", "exit", "flush_cache", "flushall", "free", "generate",
    "generate_stream", "health_generate", "img2img", "infer", "inference", "install", "interrupt", "invocations",
    "kill", "load", "logout", "memory_profile", "pause", "predict", "profile", "pull", "push", "quit", "reload",
    "reload-checkpoint", "remove", "rerank", "reset", "responses", "restart", "resume", "server-kill",
    "server-restart", "server-stop", "shutdown", "sleep", "start_profile", "stop", "stop_profile", "switch_model",
    "test_connection", "tokenize", "traceback", "txt2img", "unload", "unload-checkpoint", "wake_up",
})
# fmt: on
"""Last words of paths that do work, change state or end the server somewhere, some of them already on a GET."""

EFFECT_PATHS = frozenset(
    {
        "/health",  # LiteLLM sends a paid completion to every configured model; SGLang may generate a token
        "/health/services",  # LiteLLM sends test alerts
        "/v1/messages",
        "/crawl",
        "/prompt",
        "/collective_rpc",
        "/reset_prefix_cache",
        "/release_memory_occupation",
        "/resume_memory_occupation",
    }
)

EFFECT_PREFIXES = (
    "/predictions/",  # TorchServe runs the model
    "/upstream/",  # llama-swap starts the model's server
    "/worker/",  # Ray attaches a profiler to the worker
    "/task/",
    "/debug/pprof",
    "/api/extra/generate",
    "/api/blobs/",
    "/update_weights",
)

READ_ONLY_POSTS = frozenset({"/v2/repository/index", "/list_models"})
"""Beside an MCP `initialize`, which is known by its body."""

SECRET_PATHS = frozenset({"/api/v1/auto_login", "/api/setup-complete", "/server_info", "/get_server_info"})
"""Answers that hold a token, a password or launch arguments: their bodies are never kept, whoever asks."""

_PRINTABLE = re.compile(r"[!-~]+")
_HEADER_VALUE = re.compile(r"[ -~]{0,200}")


def check(request: ProbeRequest, target: Target, *, allow_posts: bool = False) -> None:
    """Raise ProbeRefused, with the reason, unless this request may be sent to this target."""
    _check_target(target)
    _check_path(request.path)
    if not (_HEADER_VALUE.fullmatch(request.accept) and _HEADER_VALUE.fullmatch(request.content_type)):
        raise ProbeRefused("accept and content type are short printable ASCII")
    if request.method == "POST":
        _check_post(request, allow_posts=allow_posts)
    elif request.method != "GET":
        raise ProbeRefused(f"method {request.method!r} is never sent")
    elif request.body or request.content_type:
        raise ProbeRefused("a GET carries no body")


def holds_secret(path: str) -> bool:
    """Tell whether the answer to this path is known to hold a secret."""
    return plain_path(path) in SECRET_PATHS


def plain_path(path: str) -> str:
    """Return the path as a lenient server may read it: no query, decoded, lower case, single slashes, none last."""
    decoded = unquote(path.partition("?")[0]).lower()
    return re.sub(r"/+", "/", decoded).rstrip("/") or "/"


def _check_target(target: Target) -> None:
    if target.pid <= 0:
        raise ProbeRefused("the owner of the socket is not known")
    if target.family == "unix":
        if not target.address.startswith(("/", "@")) or "\0" in target.address:
            raise ProbeRefused("not a socket path")
        return
    if target.family not in ("tcp4", "tcp6") or not 0 < target.port < 65536:
        raise ProbeRefused("not a TCP port or a unix socket")
    try:
        address = ipaddress.ip_address(target.address)
    except ValueError as error:  # a name would be resolved, and lead anywhere
        raise ProbeRefused("the address is not a literal") from error
    if address.version != (4 if target.family == "tcp4" else 6) or address.is_multicast:
        raise ProbeRefused("the address is not of its family")


def _check_path(path: str) -> None:
    if len(path) > PATH_LIMIT or not _PRINTABLE.fullmatch(path):
        raise ProbeRefused("a path is printable ASCII without blanks, 512 characters at most")
    decoded = unquote(path)
    if not path.startswith("/") or decoded.startswith("//") or "#" in path:
        raise ProbeRefused("a path begins with one slash and stays on its host")
    if "\\" in decoded or any(ord(c) < 32 or ord(c) == 127 for c in decoded) or "%" in decoded:
        raise ProbeRefused("a path hides no control characters, backslashes or second encoding")
    if ".." in decoded.partition("?")[0].split("/"):
        raise ProbeRefused("a path does not climb")
    plain = plain_path(path)
    if plain in EFFECT_PATHS or plain.rpartition("/")[2] in EFFECT_ENDINGS or f"{plain}/".startswith(EFFECT_PREFIXES):
        raise ProbeRefused("this path is known to have effects on some server")


def _check_post(request: ProbeRequest, *, allow_posts: bool) -> None:
    if not (request.opt_in and allow_posts):
        raise ProbeRefused("POST is sent only when the signature marks it and the operator allows it")
    if len(request.body.encode("utf-8", "replace")) > BODY_LIMIT:
        raise ProbeRefused("a body is 1024 bytes at most")
    if plain_path(request.path) in READ_ONLY_POSTS:
        if request.body not in ("", "{}"):
            raise ProbeRefused("this POST is sent empty")
    elif not opens_session(request):
        raise ProbeRefused("this POST is not on the list of read-only ones")


def opens_session(request: ProbeRequest) -> bool:
    """Tell whether the request is an MCP `initialize`, and nothing but that."""
    if request.method != "POST":
        return False
    try:
        body = json.loads(request.body)
    except ValueError:
        return False
    return isinstance(body, dict) and body.get("jsonrpc") == "2.0" and body.get("method") == "initialize"
