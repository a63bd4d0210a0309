"""Values to JSON text and back, whatever is in them.

Texts of the host may hold lone surrogates (undecodable bytes), which neither UTF-8 nor SQLite take: JSON escapes them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from aiguard_agent.core.assets import Confidence, Evidence, ModelFile, Server
from aiguard_agent.core.finding import Finding, FindingState, Severity

Json = dict[str, Any]

PIDS = re.compile(r"\bpids? \d+(, \d+)*")

NOW = "now"
"""Key of a document under which stands what every restart changes; not part of the digest."""


def stored(text: str) -> str:
    """Return the text as SQLite can hold it: itself, or its JSON form when it is not Unicode. Never two for one."""
    if text.startswith('"'):
        return json.dumps(text)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(text)
    return text


def restored(text: str) -> str:
    """Undo `stored`."""
    return str(json.loads(text)) if text.startswith('"') else text


def compact(document: Mapping[str, Any]) -> str:
    """Return JSON in ASCII, keys sorted: equal documents give equal texts."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), default=list)


def digest(text: str) -> str:
    """Return 16 hex digits that stand for a text of ours."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def substance(finding: Finding) -> str:
    """Return a digest of what makes a finding another one to somebody who was told.

    Neither evidence nor the pids of a title are in it: a restart is no news.
    """
    title = PIDS.sub("pid", finding.title)
    parts = (finding.severity.word, finding.confidence.word, title, finding.state.value, finding.waiver)
    return digest("\0".join(parts))


def finding_document(finding: Finding) -> Json:
    """Return all of a finding."""
    return {
        "rule": finding.rule,
        "subject": finding.subject,
        "title": finding.title,
        "severity": finding.severity.word,
        "confidence": finding.confidence.word,
        "evidence": [
            {"what": piece.what, "where": piece.where, "kind": piece.kind, "weight": piece.weight}
            for piece in finding.evidence
        ],
        "remedy": list(finding.remedy),
        "atlas": list(finding.atlas),
        "owasp": list(finding.owasp),
        "state": finding.state.value,
        "waiver": finding.waiver,
    }


def finding_of(text: str) -> Finding:
    """Undo `finding_document` and `compact`."""
    document = json.loads(text)
    return Finding(
        rule=document["rule"],
        subject=document["subject"],
        title=document["title"],
        severity=Severity[document["severity"].upper()],
        confidence=Confidence[document["confidence"].upper()],
        evidence=tuple(Evidence(**piece) for piece in document["evidence"]),
        remedy=tuple(document["remedy"]),
        atlas=tuple(document["atlas"]),
        owasp=tuple(document["owasp"]),
        state=FindingState(document["state"]),
        waiver=document["waiver"],
    )


def server_document(server: Server) -> Json:
    """Return what makes a server this server, and under `now` what a restart changes."""
    return {
        "product": server.product,
        "name": server.name,
        "category": server.category,
        "version": server.version,
        "user": server.process.user,
        "unit": server.process.unit,
        "exe": server.process.exe,
        "container": server.container.name or server.container.image if server.container else "",
        "image": server.container.image if server.container else "",
        "listeners": sorted([one.family, one.address, one.port, one.scope.value] for one in server.listeners),
        "isolated": server.isolated,
        "auth": server.auth.state.value,
        "models": sorted({one.model_id or one.digest or one.name for one in server.models}),
        "remote_models": sorted(server.remote_models),
        "confidence": server.confidence.word,
        NOW: {"pid": server.process.pid, "started": server.process.started, "children": list(server.children)},
    }


def model_document(model: ModelFile) -> Json:
    """Return what makes a model file this model file, and under `now` who holds it."""
    return {
        "path": model.path,
        "format": model.format,
        "size": model.size,
        "name": model.name,
        "architecture": model.architecture,
        "source": model.source,
        "sha256": model.sha256,
        "digest_claimed": model.digest_claimed,
        "fingerprint": model.fingerprint,
        "runs_code": model.runs_code,
        "user": model.user,
        "world_writable": model.world_writable,
        "directory_world_writable": model.directory_world_writable,
        "complete": model.complete,
        NOW: {"held_by": list(model.held_by), "aliases": list(model.aliases), "store": model.store},
    }


def body_bytes(body: Mapping[str, Any]) -> bytes:
    """Return the JSON of an event body."""
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        return json.dumps(body, separators=(",", ":")).encode()


def body_of(data: bytes) -> Json:
    """Undo `body_bytes`."""
    found = json.loads(data)
    return found if isinstance(found, dict) else {}
