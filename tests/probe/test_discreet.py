"""Secrets that servers hand out."""

import json

import pytest

from aiguard_agent.probe.discreet import key_names, safe_headers


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"token": "x", "nested": {"password": "y"}}', b'{"token": null, "nested": null}'),
        (b'["secret"]', b""),
        (b'"secret"', b""),
        (b"secret", b""),
        (b"", b""),
        (b"\xff", b""),
        (b"[" * 50000, b""),
        (b'{"a": ' + b"9" * 5000 + b"}", b""),
    ],
)
def test_only_key_names_survive(body: bytes, expected: bytes) -> None:
    """Of an object the top-level names stay; of anything else nothing does."""
    assert key_names(body) == expected


def test_names_are_bounded() -> None:
    """An object with many or very long names keeps the first 64 short ones."""
    body = json.dumps({f"k{i}": i for i in range(500)} | {"x" * 100: 1}).encode()

    assert len(json.loads(key_names(body))) == 64


def test_session_headers_are_redacted() -> None:
    """Cookies keep their names; session ids and keys keep nothing; the rest is untouched."""
    headers = [
        ("set-cookie", "_xsrf=2|abc; Path=/"),
        ("set-cookie", "secret"),
        ("mcp-session-id", "abc"),
        ("server", "a=b"),
    ]

    assert [value for _, value in safe_headers(headers)] == ["_xsrf=***", "***", "***", "a=b"]
