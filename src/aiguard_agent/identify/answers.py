"""Read HTTP answers: does one satisfy a condition, what values does it hold. Hostile bytes in, values out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from aiguard_agent.core.probing import HttpAnswer
from aiguard_agent.identify.patterns import search
from aiguard_agent.signatures.expression import Path, Test, parse_path, parse_test
from aiguard_agent.signatures.schema import Condition, Probe

MISSING = object()
TEXT_LIMIT = 300
"""Characters that one value read from an answer may have."""


class Answered:
    """The answers of one listening socket, by method and path; parsed once, on demand."""

    def __init__(self, answers: Iterable[HttpAnswer]) -> None:
        self._by_request = {(answer.request.method, answer.request.path): answer for answer in answers}
        self._documents: dict[tuple[str, str], Any] = {}

    @property
    def replied(self) -> Iterable[tuple[str, str]]:
        """(method, path) of every request that got an HTTP answer."""
        return [key for key, answer in self._by_request.items() if answer.status is not None]

    def __bool__(self) -> bool:
        return bool(self._by_request)

    def of(self, probe: Probe) -> HttpAnswer | None:
        """Return the answer to a probe, None when it was not asked or nothing came back."""
        answer = self._by_request.get(key_of(probe))
        return answer if answer is not None and answer.status is not None else None

    def asked(self, probe: Probe) -> bool:
        """Tell whether the probe was sent, whatever came of it."""
        return key_of(probe) in self._by_request

    def document(self, answer: HttpAnswer) -> Any:
        """Return the JSON of an answer, MISSING when it is none (event streams: their first data line)."""
        key = (answer.request.method, answer.request.path)
        if key not in self._documents:
            self._documents[key] = _decode(answer.body)
        return self._documents[key]

    def holds(self, probe: Probe, condition: Condition) -> bool:
        """Tell whether the answer to `probe` satisfies all that `condition` says."""
        answer = self.of(probe)
        if answer is None or not _status_fits(answer, condition):
            return False
        headers_fit = all(
            search(pattern, answer.header(name)[:1024]) and answer.header(name)
            for name, pattern in condition.header.items()
        )
        text = answer.body.decode("utf-8", "replace") if condition.body else ""
        if not headers_fit or not all(part in text for part in condition.body):
            return False
        document = self.document(answer) if condition.json else MISSING
        return all(document is not MISSING and _test(test).holds(document) for test in condition.json)

    def values(self, probe: Probe, path: str) -> list[Any]:
        """Return the values at `path` of the probe's 200 answer; empty when there is none."""
        answer = self.of(probe)
        if answer is None or answer.status != 200:
            return []
        document = self.document(answer)
        return [] if document is MISSING else _path(path).values(document)

    def rows(self, probe: Probe, paths: Mapping[str, str]) -> list[dict[str, str]]:
        """Return one row for each list element that the paths share, with the texts found below it.

        `{"name": "models[].name", "digest": "models[].digest"}` keeps name and digest of one model together.
        """
        lead = next(iter(paths.values()))
        trunk = lead.rpartition("[]")[0] + "[]" if "[]" in lead else "."
        elements = self.values(probe, trunk)
        leaves = {
            key: path.removeprefix(trunk).lstrip(".") if trunk != "." else path for key, path in paths.items() if path
        }
        found = []
        for element in elements:
            row = {key: text_of(element if not leaf else _first(leaf, element)) for key, leaf in leaves.items()}
            found.append(row)
        return found


def key_of(probe: Probe) -> tuple[str, str]:
    """Return (method, path) of a probe."""
    return ("POST", probe.post) if probe.post else ("GET", probe.get)


def text_of(value: object) -> str:
    """Return a scalar as bounded text, "" for anything else."""
    if isinstance(value, str):
        return value[:TEXT_LIMIT]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _first(path: str, element: object) -> object:
    values = _path(path).values(element)
    return values[0] if values else None


def _status_fits(answer: HttpAnswer, condition: Condition) -> bool:
    wanted = (condition.status,) if isinstance(condition.status, int) else condition.status
    return not wanted or answer.status in wanted


def _decode(body: bytes) -> Any:
    text = body.lstrip()
    if text.startswith((b"event:", b"data:")):
        lines = [line[5:] for line in text.splitlines() if line.startswith(b"data:")]
        text = lines[0] if lines else b""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return MISSING


@lru_cache(maxsize=2048)
def _test(text: str) -> Test:
    return parse_test(text)


@lru_cache(maxsize=1024)
def _path(text: str) -> Path:
    return parse_path(text)
