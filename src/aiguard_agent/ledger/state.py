"""Write findings, assets and model versions, and say what turned. Runs inside the writer's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aiguard_agent.core.finding import Finding, FindingState, Severity
from aiguard_agent.core.turn import AssetTurn, AssetTurned, FindingTurn, ModelTurn, Turned
from aiguard_agent.ledger.change import AssetSeen, Change, ModelSeen
from aiguard_agent.ledger.documents import (
    NOW,
    compact,
    digest,
    finding_document,
    finding_of,
    restored,
    stored,
    substance,
)
from aiguard_agent.ledger.life import Life, Now, State, gone, seen, settled

LIFE = (
    "state, severity, substance, opened_at, last_seen, resolved_at, turned_at, count, scan, flaps, "
    "told_state, told_substance, told_severity"
)
LIVES = f"SELECT key, {LIFE} FROM findings"  # noqa: S608 - column names of our own
PRESENT = "SELECT key, digest, last_seen FROM findings WHERE state != 'resolved'"
UPSERT = f"""
INSERT INTO findings (key, rule, subject, digest, document, {LIFE})
VALUES (?, ?, ?, ?, ?, {", ".join("?" * 13)})
ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, document = excluded.document,
{", ".join(f"{name} = excluded.{name}" for name in LIFE.split(", "))}
"""  # noqa: S608 - as above
RELIVE = f"UPDATE findings SET {', '.join(f'{name} = ?' for name in LIFE.split(', '))} WHERE key = ?"  # noqa: S608
ADD_VERSION = "INSERT INTO model_versions (place, identity, digest, fingerprint, seen) VALUES (?, ?, ?, ?, ?)"


class Lately:
    """What was seen last, because most of it is the same in every scan. Forgotten when a group is rolled back."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Finding, str]] = {}
        self.documents: dict[str, Mapping[str, Any]] = {}
        """Of assets, as they were written."""

    def mark(self, key: str, finding: Finding) -> str:
        """Return the digest of the finding's document."""
        known = self._known.get(key)
        if known and known[0] == finding:
            return known[1]
        mark = digest(compact(finding_document(finding)))
        self._known[key] = (finding, mark)
        return mark

    def forget(self, key: str) -> None:
        """Forget a finding that is no longer there."""
        self._known.pop(key, None)


def write_findings(
    connection: sqlite3.Connection, change: Change, now: Now, touch_seconds: float, lately: Lately
) -> list[FindingTurn]:
    """Bring the findings up to the scan; return what is to be told."""
    turns: list[FindingTurn] = []
    present = {key: (mark, last) for key, mark, last in connection.execute(PRESENT)}
    current = {finding.key: finding for finding in change.findings}
    for key, finding in current.items():
        mark = lately.mark(key, finding)
        written, last = present.get(key, ("", now.at))
        if written != mark or not 0 <= now.at - last < touch_seconds:
            turns += _write_seen(connection, key, finding, mark, now)
    for key in [key for key in present if key not in current and _is_gone(change, key)]:
        lately.forget(key)
        life, told = gone(_life(connection, key), now)
        turns += _relive(connection, key, life, told)
    for key, *row in connection.execute(f"{LIVES} WHERE told_state != state OR told_substance != substance").fetchall():
        before = _life_of(row)
        life, told = settled(before, now)
        if life != before:
            turns += _relive(connection, key, life, told)
    return turns


def _is_gone(change: Change, key: str) -> bool:
    return key in change.resolved or (change.whole and key not in change.unseen)


def _life_of(row: Sequence[Any]) -> Life:
    state, severity, text, opened, last, resolved, turned, count, scan, flaps, *told = row
    return Life(
        state=State(state),
        severity=Severity(severity),
        substance=text,
        opened_at=opened,
        last_seen=last,
        resolved_at=resolved,
        turned_at=turned,
        count=count,
        scan=scan,
        flaps=flaps,
        told_state=State(told[0]),
        told_substance=told[1],
        told_severity=Severity(told[2]),
    )


def _values(life: Life) -> tuple[object, ...]:
    return (
        life.state.value,
        int(life.severity),
        life.substance,
        life.opened_at,
        life.last_seen,
        life.resolved_at,
        life.turned_at,
        life.count,
        life.scan,
        life.flaps,
        life.told_state.value,
        life.told_substance,
        int(life.told_severity),
    )


def _life(connection: sqlite3.Connection, key: str) -> Life:
    found = _past_life(connection, key)
    if found is None:
        raise KeyError(key)
    return found


def _past_life(connection: sqlite3.Connection, key: str) -> Life | None:
    row = connection.execute(f"{LIVES} WHERE key = ?", (key,)).fetchone()
    return _life_of(row[1:]) if row else None


def _write_seen(
    connection: sqlite3.Connection, key: str, finding: Finding, mark: str, now: Now
) -> Iterator[FindingTurn]:
    state = State.WAIVED if finding.state is FindingState.WAIVED else State.OPEN
    life, told = seen(_past_life(connection, key), state, finding.severity, substance(finding), now)
    text = compact(finding_document(finding))
    row = (key, stored(finding.rule), stored(finding.subject), mark, text, *_values(life))
    connection.execute(UPSERT, row)
    if told:
        yield turn_of(finding, life, told)


def _relive(connection: sqlite3.Connection, key: str, life: Life, told: Turned | None) -> Iterator[FindingTurn]:
    connection.execute(RELIVE, (*_values(life), key))
    if told:
        text = connection.execute("SELECT document FROM findings WHERE key = ?", (key,)).fetchone()[0]
        yield turn_of(finding_of(text), life, told)


def turn_of(finding: Finding, life: Life, what: Turned) -> FindingTurn:
    """Return what is to be told of a finding."""
    return FindingTurn(
        what=what,
        finding=finding,
        opened_at=life.opened_at,
        last_seen=life.last_seen,
        resolved_at=life.resolved_at,
        count=life.count,
        flaps=life.flaps,
    )


def write_assets(
    connection: sqlite3.Connection, change: Change, touch_seconds: float, lately: Lately
) -> list[AssetTurn]:
    """Bring the assets up to the scan; return what turned."""
    turns: list[AssetTurn] = []
    there = {asset.id: asset for asset in change.assets}
    rows = connection.execute("SELECT id, kind, first_seen, last_seen FROM assets WHERE gone_at IS NULL").fetchall()
    seen_at = {restored(id_): last for id_, _kind, _first, last in rows}
    for asset in there.values():
        same = lately.documents.get(asset.id) == asset.document and asset.id in seen_at
        if not same or not 0 <= change.at - seen_at[asset.id] < touch_seconds:
            turns += _write_asset(connection, asset, change.at)
            lately.documents[asset.id] = asset.document
    if not change.whole:
        return turns
    for id_, kind, first, last in rows:
        name = restored(id_)
        if name not in there and name not in change.unseen:
            lately.documents.pop(name, None)
            connection.execute("UPDATE assets SET gone_at = ? WHERE id = ?", (change.at, id_))
            text = connection.execute("SELECT document FROM assets WHERE id = ?", (id_,)).fetchone()[0]
            turns.append(_asset_turn(AssetTurned.GONE, name, kind, text, first, last))
    return turns


def _write_asset(connection: sqlite3.Connection, asset: AssetSeen, at: float) -> Iterator[AssetTurn]:
    id_ = stored(asset.id)
    text = compact(asset.document)
    mark = digest(compact({key: value for key, value in asset.document.items() if key != NOW}))
    row = connection.execute("SELECT first_seen, gone_at, digest FROM assets WHERE id = ?", (id_,)).fetchone()
    first, gone_at, old_mark = row or (at, None, "")
    first = min(first, at)
    connection.execute(
        "INSERT INTO assets (id, kind, first_seen, last_seen, gone_at, digest, document) "
        "VALUES (?, ?, ?, ?, NULL, ?, ?) ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, "
        "first_seen = excluded.first_seen, last_seen = excluded.last_seen, gone_at = NULL, "
        "digest = excluded.digest, document = excluded.document",
        (id_, asset.kind, first, at, mark, text),
    )
    if row is None or gone_at is not None:
        yield _asset_turn(AssetTurned.APPEARED, asset.id, asset.kind, text, first, at)
    elif old_mark != mark:
        yield _asset_turn(AssetTurned.CHANGED, asset.id, asset.kind, text, first, at)


def _asset_turn(what: AssetTurned, id_: str, kind: str, text: str, first: float, last: float) -> AssetTurn:
    return AssetTurn(what=what, id=id_, kind=kind, document=json.loads(text), first_seen=first, last_seen=last)


def write_models(connection: sqlite3.Connection, change: Change) -> list[ModelTurn]:
    """Keep which bytes lay where; return the places whose bytes are others than last time."""
    turns: list[ModelTurn] = []
    for model in change.models:
        if model.identity:
            turns += _write_model(connection, model, change.at)
    return turns


def _write_model(connection: sqlite3.Connection, model: ModelSeen, at: float) -> Iterator[ModelTurn]:
    place = stored(model.place)
    row = connection.execute(
        "SELECT number, identity, digest, fingerprint, seen FROM model_versions "
        "WHERE place = ? AND superseded_by IS NULL",
        (place,),
    ).fetchone()
    new = (place, model.identity, model.digest, model.fingerprint, at)
    if row is None:
        connection.execute(ADD_VERSION, new)
        return
    number, identity, digest_, fingerprint, since = row
    if _differ(digest_, model.digest) or _differ(fingerprint, model.fingerprint):
        connection.execute(
            "UPDATE model_versions SET superseded_by = ?, superseded_at = ? WHERE number = ?",
            (model.identity, at, number),
        )
        connection.execute(ADD_VERSION, new)
        yield ModelTurn(place=model.place, before=identity, after=model.identity, before_seen=since)
    elif (model.digest and not digest_) or (model.fingerprint and not fingerprint):
        learned = ModelSeen(
            place=model.place, digest=digest_ or model.digest, fingerprint=fingerprint or model.fingerprint
        )
        connection.execute(
            "UPDATE model_versions SET identity = ?, digest = ?, fingerprint = ? WHERE number = ?",
            (learned.identity, learned.digest, learned.fingerprint, number),
        )


def _differ(one: str, other: str) -> bool:
    return bool(one and other and one != other)
