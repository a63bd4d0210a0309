"""Tables of the ledger, what every connection must be told, and the steps from one version to the next.

Lanes are tables and not a column: deleting by a column frees rows but hardly a page, deleting from the front of a table
frees whole pages.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from aiguard_agent.errors import LedgerTooNew
from aiguard_agent.ledger.limits import PAGE, WAL_BYTES, WAL_PAGES, Limits

APPLICATION_ID = 0x41694C67
"""Stands in the file header: "this SQLite file is a ledger of ours"."""

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE assets (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL,
        first_seen REAL NOT NULL, last_seen REAL NOT NULL, gone_at REAL,
        digest TEXT NOT NULL, document TEXT NOT NULL
    );
    CREATE INDEX assets_gone ON assets (gone_at) WHERE gone_at IS NOT NULL;
    CREATE TABLE findings (
        key TEXT PRIMARY KEY, rule TEXT NOT NULL, subject TEXT NOT NULL, severity INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('open', 'waived', 'resolved')),
        opened_at REAL NOT NULL, last_seen REAL NOT NULL, resolved_at REAL, turned_at REAL NOT NULL,
        count INTEGER NOT NULL, scan INTEGER NOT NULL, flaps INTEGER NOT NULL,
        substance TEXT NOT NULL,
        told_state TEXT NOT NULL, told_substance TEXT NOT NULL, told_severity INTEGER NOT NULL,
        digest TEXT NOT NULL, document TEXT NOT NULL
    );
    CREATE INDEX findings_present ON findings (key) WHERE state != 'resolved';
    CREATE INDEX findings_resolved ON findings (resolved_at) WHERE state = 'resolved';
    CREATE INDEX findings_untold ON findings (key) WHERE told_state != state OR told_substance != substance;
    CREATE TABLE model_versions (
        number INTEGER PRIMARY KEY, place TEXT NOT NULL, identity TEXT NOT NULL,
        digest TEXT NOT NULL, fingerprint TEXT NOT NULL, seen REAL NOT NULL, superseded_by TEXT, superseded_at REAL
    );
    CREATE UNIQUE INDEX model_versions_now ON model_versions (place) WHERE superseded_by IS NULL;
    CREATE INDEX model_versions_place ON model_versions (place);
    CREATE TABLE outbox_critical (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, time_ms INTEGER NOT NULL, body BLOB NOT NULL);
    CREATE TABLE outbox_finding (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, time_ms INTEGER NOT NULL, body BLOB NOT NULL);
    CREATE TABLE outbox_info (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, time_ms INTEGER NOT NULL, body BLOB NOT NULL);
    CREATE TABLE outbox_inventory (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, time_ms INTEGER NOT NULL, body BLOB NOT NULL);
    CREATE TABLE outbox_telemetry (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, time_ms INTEGER NOT NULL, body BLOB NOT NULL);
    CREATE TABLE cursors (output TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE losses (
        lane TEXT NOT NULL, reason TEXT NOT NULL, total INTEGER NOT NULL,
        untold INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
        PRIMARY KEY (lane, reason)
    ) WITHOUT ROWID;
    """,
)
"""Step n leads from version n to n + 1; a step that was released is never edited."""


def connect(path: str, limits: Limits, *, uri: bool = False) -> sqlite3.Connection:
    """Open a connection that knows its limits: all of them hold per connection, none is kept in the file."""
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False, uri=uri)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA max_page_count = {limits.max_pages}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
        connection.execute("PRAGMA trusted_schema = OFF")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def migrate(connection: sqlite3.Connection, name: str, steps: Sequence[str] = STEPS) -> int:
    """Bring the file to the newest version, each step whole or not at all; return the version it had.

    Raises LedgerTooNew when the file is newer than the steps.
    """
    before = version_of(connection)
    if before > len(steps):
        raise LedgerTooNew(
            f"{name} was written by a newer agent (schema {before}, this agent knows {len(steps)}): "
            "install that version again, or move the file away to start afresh"
        )
    if before == 0:
        connection.execute(f"PRAGMA page_size = {PAGE}")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    for number in range(before, len(steps)):
        _step(connection, steps[number], number + 1)
    return before


def _step(connection: sqlite3.Connection, script: str, version: int) -> None:
    header = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version};"
    try:
        connection.executescript(f"BEGIN IMMEDIATE; {script} {header} COMMIT;")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.rollback()
        raise


def version_of(connection: sqlite3.Connection) -> int:
    """Return the schema version of a file, 0 = nothing in it yet."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
