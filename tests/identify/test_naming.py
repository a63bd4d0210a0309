"""Ids that survive restarts."""

from __future__ import annotations

import pytest

from aiguard_agent.core.facts import Container, Listener, Process
from aiguard_agent.identify.naming import distinct, server_id


@pytest.mark.parametrize(
    ("unit", "ports", "container", "expected"),
    [
        ("", (8000, 9000), None, "x@h:8000"),
        ("x.service", (8000,), None, "x@h/x.service:8000"),
        ("", (45123,), None, "x@h/bob"),
        ("", (), None, "x@h/bob"),
        ("x.service", (80,), Container(id="f" * 64, name="web"), "x@h/web:80"),
        ("", (), Container(id="f" * 64), "x@h/ffffffffffff"),
    ],
)
def test_server_id(unit: str, ports: tuple[int, ...], container: Container | None, expected: str) -> None:
    """Container, unit or user, and the lowest port that somebody chose; never a pid."""
    head = Process(pid=77, start_ticks=1, started=0.0, unit=unit, user="bob")
    listeners = [Listener(family="tcp4", address="127.0.0.1", port=port) for port in ports]

    assert server_id("x", "h", head, listeners, container) == expected


def test_distinct() -> None:
    """Equal words are numbered in order, the first keeps them."""
    assert distinct(["a", "b", "a", "a"]) == ["a", "b", "a~2", "a~3"]
