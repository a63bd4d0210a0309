"""What a renderer is: a name, a media type, and one pure function from a report to text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiguard_agent.core.report import ScanReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How text for people is laid out; machine formats ignore it."""

    color: bool = False
    width: int = 120
    verbose: bool = False
    """Evidence of every server and model, not only of findings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """One output format of `scan`."""

    name: str
    """What `--format` takes."""
    media_type: str
    help: str
    render: Callable[[ScanReport, Style], str]
    """Pure; escapes everything for its format; ends with a newline."""
