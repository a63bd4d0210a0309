"""Families as bytes: the plain text format or OpenMetrics, as the scraper asks. Pure."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from prometheus_client import exposition, openmetrics
from prometheus_client.core import Metric
from prometheus_client.openmetrics import exposition as _openmetrics  # noqa: F401 - makes `openmetrics.exposition`

COMPRESSION = 4
"""Level of gzip: the text is repetitive, a higher one costs time and saves nothing."""


class Form(Enum):
    """The two formats, by their content types. The version is ours, never the one that a client names."""

    PLAIN = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Page:
    """One exposition, ready to send."""

    form: Form
    text: bytes


class _Registry:
    """What prometheus_client's encoders ask for."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterable[Metric]:
        """Return the families."""
        return self._families


def render(families: Iterable[Metric], form: Form = Form.PLAIN) -> bytes:
    """Return the exposition of some families."""
    encode = exposition.generate_latest if form is Form.PLAIN else openmetrics.exposition.generate_latest
    return bytes(encode(_Registry(families)))


def negotiate(accept: str) -> Form:
    """Choose the format by an Accept header; whatever it says, plain text is better than no answer."""
    weights = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for part in accept.split(","):
        kind, *parameters = (one.strip().lower() for one in part.split(";"))
        given = dict(one.partition("=")[::2] for one in parameters)
        if kind in weights and given.get("version", "1.0.0") in ("0.0.1", "0.0.4", "1.0.0"):
            weights[kind] = max(weights[kind], _weight(given.get("q", "1")))
    wanted = weights["application/openmetrics-text"]
    return Form.OPENMETRICS if wanted > 0 and wanted >= weights["text/plain"] else Form.PLAIN


def accepts_gzip(accept_encoding: str) -> bool:
    """Tell whether an Accept-Encoding header allows gzip."""
    for part in accept_encoding.split(","):
        coding, _semicolon, weight = part.partition(";")
        if coding.strip().lower() == "gzip":
            return _weight(weight.strip().lower().removeprefix("q=") or "1") > 0
    return False


def compress(text: bytes) -> bytes:
    """Return the text as gzip, the same bytes for the same text."""
    return gzip.compress(text, COMPRESSION, mtime=0)


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
