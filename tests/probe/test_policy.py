"""What may be asked."""

import json
from dataclasses import replace

import pytest

from aiguard_agent.core.probing import ProbeRequest, Target
from aiguard_agent.errors import ProbeRefused
from aiguard_agent.probe.policy import check, holds_secret

TARGET = Target(pid=4121, start_ticks=77, netns=1, family="tcp4", address="127.0.0.1", port=11434)
INITIALIZE = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}})


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/tags",
        "/v1/models",
        "/health/liveliness",
        "/healthz",
        "/api/2.0/mlflow/experiments/search?max_results=1",
        "/-/routes",
        "/api/kernels",
        "/downloads",
        "/v1/models/some%20model",
    ],
)
def test_reading_is_allowed(path: str) -> None:
    """A GET of a path without known effects passes."""
    check(ProbeRequest(path=path), TARGET)


@pytest.mark.parametrize(
    "path",
    [
        "/health",
        "/health?model=x",
        "/health/",
        "/HEALTH",
        "/%68ealth",
        "//health",
        "/health_generate",
        "/load",
        "/v2/repository/models/llama/load",
        "/v2/repository/models/llama/unload",
        "/api/pull",
        "/api/generate",
        "/v1/completions",
        "/v1/chat/completions",
        "/shutdown",
        "/api/kill",
        "/upstream/llama/props",
        "/predictions/resnet",
        "/worker/traceback?pid=1",
        "/debug/pprof/profile",
    ],
)
def test_paths_with_effects_are_refused(path: str) -> None:
    """A path that does work or changes state somewhere is refused, however it is spelled."""
    with pytest.raises(ProbeRefused):
        check(ProbeRequest(path=path), TARGET)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "api",
        "//evil.example/",
        "/%2fevil.example/",
        "http://evil.example/",
        "/a b",
        "/a\r\nX-Evil: 1",
        "/a%0d%0aX-Evil:%201",
        "/a\x00",
        "/ä",
        "/../etc/passwd",
        "/a/..",
        "/a/%2e%2e/b",
        "/a/%252e%252e/b",
        "/a\\b",
        "/a#b",
        "/" + "a" * 512,
    ],
)
def test_odd_paths_are_refused(path: str) -> None:
    """A path that could leave the host, smuggle a header, climb or run on is refused."""
    with pytest.raises(ProbeRefused):
        check(ProbeRequest(path=path), TARGET)


def test_longest_path_is_allowed() -> None:
    """512 characters are the last that pass."""
    check(ProbeRequest(path="/" + "a" * 511), TARGET)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "OPTIONS", "get", "PATCH", "GET\r\n"])
def test_other_methods_are_refused(method: str) -> None:
    """Nothing but GET and the marked POSTs is ever sent."""
    with pytest.raises(ProbeRefused, match="never sent"):
        check(ProbeRequest(path="/", method=method), TARGET)


def test_a_get_has_no_body() -> None:
    """A GET with a body is refused."""
    with pytest.raises(ProbeRefused, match="no body"):
        check(ProbeRequest(path="/", body="{}"), TARGET)


POSTS = [("/mcp", INITIALIZE), ("/", INITIALIZE), ("/v2/repository/index", "{}"), ("/list_models", "")]


@pytest.mark.parametrize(("path", "body"), POSTS)
def test_marked_posts_need_both_marks(path: str, body: str) -> None:
    """A read-only POST passes only when the signature marks it and the operator allows it."""
    marked = ProbeRequest(path=path, method="POST", body=body, opt_in=True)

    check(marked, TARGET, allow_posts=True)

    with pytest.raises(ProbeRefused):
        check(marked, TARGET)
    with pytest.raises(ProbeRefused):
        check(replace(marked, opt_in=False), TARGET, allow_posts=True)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/tokenize", "{}"),
        ("/generate", INITIALIZE),
        ("/mcp", json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call"})),
        ("/mcp", json.dumps([{"jsonrpc": "2.0", "method": "initialize"}])),
        ("/mcp", "not json"),
        ("/mcp", ""),
        ("/v2/repository/index", '{"ready": true}'),
        ("/v2/repository/models/x/load", "{}"),
        ("/mcp", INITIALIZE + " " * 2000),
    ],
)
def test_other_posts_are_refused(path: str, body: str) -> None:
    """A POST that is not on the list is refused even when marked and allowed."""
    with pytest.raises(ProbeRefused):
        check(ProbeRequest(path=path, method="POST", body=body, opt_in=True), TARGET, allow_posts=True)


@pytest.mark.parametrize("field", ["accept", "content_type"])
def test_headers_cannot_be_smuggled(field: str) -> None:
    """A line break in a header value is refused."""
    request = replace(ProbeRequest(path="/"), **{field: "a\r\nAuthorization: x"})

    with pytest.raises(ProbeRefused, match="printable"):
        check(request, TARGET)


@pytest.mark.parametrize(
    "change",
    [
        {"pid": 0},
        {"pid": -1},
        {"address": "localhost"},
        {"address": "evil.example"},
        {"address": "::1"},
        {"address": "224.0.0.1"},
        {"family": "tcp6"},
        {"family": "udp4"},
        {"port": 0},
        {"port": 65536},
        {"family": "unix", "address": "relative.sock"},
        {"family": "unix", "address": "/a\0b"},
    ],
)
def test_only_known_sockets_are_targets(change: dict[str, object]) -> None:
    """A target without an owner, or that is not the literal address of a listener, is refused."""
    with pytest.raises(ProbeRefused):
        check(ProbeRequest(path="/"), replace(TARGET, **change))


@pytest.mark.parametrize(
    ("family", "address", "port"),
    [("tcp6", "::1", 1), ("tcp6", "::ffff:127.0.0.1", 1), ("unix", "/run/a.sock", 0), ("unix", "@abstract", 0)],
)
def test_sockets_of_every_family_are_targets(family: str, address: str, port: int) -> None:
    """IPv6, IPv4-mapped, unix and abstract unix sockets may be asked."""
    check(ProbeRequest(path="/"), replace(TARGET, family=family, address=address, port=port))


def test_secret_paths_are_known_however_spelled() -> None:
    """The answer of a token route is a secret, with a query too; that of its neighbour is not."""
    assert holds_secret("/api/v1/auto_login?x=1")
    assert holds_secret("/server_info/")
    assert not holds_secret("/api/v1/version")
