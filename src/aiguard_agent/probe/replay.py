"""Answers that were recorded with a host (`aiguard-answers.json` in its root): read, found again, written; no I/O.

    [{"pid": 4121, "port": 11434, "method": "GET", "path": "/api/version", "status": 200,
      "headers": [["content-type", "application/json"]], "body": "{\"version\":\"0.14.2\"}", "tls": false}]

A body that is not UTF-8 stands as base64 with `"encoding": "base64"`. `port` is 0 for a unix socket, `address` then
tells several apart; `truncated` and `error` are written when set.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiguard_agent.core.probing import HttpAnswer, ProbeRequest, Target
from aiguard_agent.errors import DocumentError

FILE = "aiguard-answers.json"
"""Its name inside a recorded root."""

Key = tuple[int, int, str, str, str]
"""pid, port, unix path, method, request path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What the servers of a recorded host answered."""

    answers: Mapping[Key, Mapping[str, Any]] = field(default_factory=dict)


def read_recording(data: bytes) -> Recording:
    """Return the recording in the bytes of FILE; raises DocumentError naming every entry that is wrong."""
    try:
        entries = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DocumentError([f"{FILE}: not JSON: {error}"]) from error
    if not isinstance(entries, list):
        raise DocumentError([f"{FILE}: a list of answers is expected"])
    problems = [f"{FILE}: [{i}]: {words}" for i, entry in enumerate(entries) if (words := _problem(entry))]
    if problems:
        raise DocumentError(problems)
    return Recording(answers={_entry_key(entry): entry for entry in entries})


def replay(questions: Iterable[tuple[Target, ProbeRequest]], recording: Recording) -> tuple[HttpAnswer, ...]:
    """Return the recorded answer to each question, an answer with error `not recorded` where there is none."""
    return tuple(_replayed(target, request, recording) for target, request in questions)


def _replayed(target: Target, request: ProbeRequest, recording: Recording) -> HttpAnswer:
    entry = recording.answers.get(_key(target, request))
    if entry is None:
        return HttpAnswer(target=target, request=request, error="not recorded")
    body = entry.get("body", "")
    return HttpAnswer(
        target=target,
        request=request,
        status=entry.get("status"),
        headers=tuple((str(name).lower(), str(value)) for name, value in entry.get("headers", ())),
        body=base64.b64decode(body) if entry.get("encoding") == "base64" else body.encode(),
        truncated=bool(entry.get("truncated", False)),
        tls=bool(entry.get("tls", False)),
        error=entry.get("error", ""),
    )


def _key(target: Target, request: ProbeRequest) -> Key:
    return (target.pid, target.port, target.address if target.family == "unix" else "", request.method, request.path)


def _entry_key(entry: Mapping[str, Any]) -> Key:
    return (entry["pid"], entry["port"], entry.get("address", ""), entry.get("method", "GET"), entry["path"])


_FIELDS: Mapping[str, tuple[type, ...]] = {
    "pid": (int,),
    "port": (int,),
    "address": (str,),
    "method": (str,),
    "path": (str,),
    "status": (int, type(None)),
    "headers": (list,),
    "body": (str,),
    "encoding": (str,),
    "truncated": (bool,),
    "tls": (bool,),
    "error": (str,),
}


def _problem(entry: object) -> str:
    if not isinstance(entry, dict):
        return "an object is expected"
    for key, value in entry.items():
        kinds = _FIELDS.get(key)
        if kinds is None:
            return f"unknown key {key!r}"
        if not isinstance(value, kinds):
            return f"{key} has the wrong type"
    if missing := [key for key in ("pid", "port", "path") if key not in entry]:
        return f"{missing[0]} is missing"
    if any(not (isinstance(pair, list) and len(pair) == 2) for pair in entry.get("headers", ())):
        return "headers are pairs of name and value"
    return _body_problem(entry)


def _body_problem(entry: Mapping[str, Any]) -> str:
    encoding = entry.get("encoding", "utf-8")
    if encoding not in ("utf-8", "base64"):
        return f"unknown encoding {encoding!r}"
    try:
        body = entry.get("body", "")
        _ = base64.b64decode(body, validate=True) if encoding == "base64" else body.encode()
    except ValueError as error:
        return f"body: {error}"
    return ""
