"""Write answers down as `replay` reads them, to go with a recorded host; pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from aiguard_agent.core.probing import HttpAnswer


def write_recording(answers: Iterable[HttpAnswer]) -> bytes:
    """Return the bytes of `replay.FILE`, one answer a line, ordered so that two recordings compare."""
    entries = sorted(
        (_entry(answer) for answer in answers), key=lambda e: (e["pid"], e["port"], e["path"], e["method"])
    )
    lines = ",\n".join(json.dumps(entry, ensure_ascii=True) for entry in entries)
    return f"[\n{lines}\n]\n".encode()


def _entry(answer: HttpAnswer) -> dict[str, Any]:
    entry: dict[str, Any] = {"pid": answer.target.pid, "port": answer.target.port}
    if answer.target.family == "unix":
        entry["address"] = answer.target.address
    entry |= {
        "method": answer.request.method,
        "path": answer.request.path,
        "status": answer.status,
        "headers": [list(pair) for pair in answer.headers],
        **_body(answer.body),
        "tls": answer.tls,
    }
    if answer.truncated:
        entry["truncated"] = True
    if answer.error:
        entry["error"] = answer.error
    return entry


def _body(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode("ascii"), "encoding": "base64"}
