"""The portal's tables.

A record is one row: its stamps as columns (every incremental reader filters and sorts by them) and its
property values as one JSON object of strings. A search by `hs_lastmodifieddate` or a list page is then an
index range over 200,000 records; any other filter reads the values of the rows that the range leaves.
Values that must be unique, and the few everyone looks up by, get an index on the JSON expression.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import orjson

from sandbox.hubspot import pipeline_defaults
from sandbox.hubspot.builtin import GROUPS, all_definitions
from sandbox.hubspot.kinds import KINDS

LIVE, ARCHIVED, MERGED = 0, 1, 2
FIRST_ID = 30_000_000_001

_TABLES = """
CREATE TABLE IF NOT EXISTS hs_record (
  kind TEXT NOT NULL, id INTEGER NOT NULL, state INTEGER NOT NULL, created INTEGER NOT NULL,
  modified INTEGER NOT NULL, archived_at INTEGER, merged_into INTEGER, props TEXT NOT NULL,
  PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS hs_record_modified ON hs_record (kind, state, modified, id);
CREATE INDEX IF NOT EXISTS hs_record_created ON hs_record (kind, state, created, id);
CREATE INDEX IF NOT EXISTS hs_record_merged ON hs_record (kind, merged_into) WHERE merged_into IS NOT NULL;
CREATE TABLE IF NOT EXISTS hs_shadow (
  kind TEXT NOT NULL, id INTEGER NOT NULL, until INTEGER NOT NULL, state INTEGER NOT NULL,
  created INTEGER NOT NULL, modified INTEGER NOT NULL, props TEXT NOT NULL,
  PRIMARY KEY (kind, id, until)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hs_history (
  kind TEXT NOT NULL, id INTEGER NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL, seq INTEGER NOT NULL,
  value TEXT, source TEXT NOT NULL, source_id TEXT, label TEXT, user_id INTEGER,
  PRIMARY KEY (kind, id, name, at, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hs_association (
  from_kind TEXT NOT NULL, from_id INTEGER NOT NULL, to_kind TEXT NOT NULL, to_id INTEGER NOT NULL,
  type_id INTEGER NOT NULL, PRIMARY KEY (from_kind, from_id, to_kind, to_id, type_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hs_label (
  type_id INTEGER PRIMARY KEY, from_kind TEXT NOT NULL, to_kind TEXT NOT NULL, name TEXT NOT NULL,
  label TEXT NOT NULL, inverse_id INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS hs_property (
  kind TEXT NOT NULL, name TEXT NOT NULL, archived INTEGER NOT NULL DEFAULT 0, custom INTEGER NOT NULL,
  definition TEXT NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hs_group (
  kind TEXT NOT NULL, name TEXT NOT NULL, label TEXT NOT NULL, display_order INTEGER NOT NULL,
  archived INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (kind, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hs_owner (
  id INTEGER PRIMARY KEY, email TEXT NOT NULL, first_name TEXT NOT NULL, last_name TEXT NOT NULL,
  user_id INTEGER NOT NULL, type TEXT NOT NULL, archived INTEGER NOT NULL, created INTEGER NOT NULL,
  updated INTEGER NOT NULL, teams TEXT);
CREATE TABLE IF NOT EXISTS hs_pipeline (
  kind TEXT NOT NULL, id TEXT NOT NULL, label TEXT NOT NULL, display_order INTEGER NOT NULL,
  archived INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL, updated INTEGER NOT NULL,
  PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hs_stage (
  kind TEXT NOT NULL, pipeline TEXT NOT NULL, id TEXT NOT NULL, label TEXT NOT NULL,
  display_order INTEGER NOT NULL, metadata TEXT NOT NULL, archived INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL, updated INTEGER NOT NULL, PRIMARY KEY (kind, pipeline, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hs_token (
  token TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, client_id TEXT NOT NULL, scopes TEXT);
CREATE TABLE IF NOT EXISTS hs_export (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS hs_counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
_INDEXED = (("0-1", "email"), ("0-2", "domain"))


def create(db: sqlite3.Connection) -> None:
    """Make the tables and, in a new file, the portal as HubSpot hands it out."""
    for statement in _TABLES.split(";"):
        if statement.strip():
            db.execute(statement)
    if db.execute("SELECT 1 FROM hs_counter WHERE name = 'id'").fetchone():
        return
    db.executemany(
        "INSERT INTO hs_counter VALUES (?, ?)",
        [("id", FIRST_ID), ("label", 37), ("catalog", 1), ("history", 1), ("stage", 100_000_001), ("export", 1)],
    )
    db.executemany(
        "INSERT INTO hs_property VALUES (?, ?, 0, 0, ?)",
        [(kind, each["name"], orjson.dumps(each).decode()) for kind, each in all_definitions()],
    )
    db.executemany(
        "INSERT INTO hs_group VALUES (?, ?, ?, ?, 0)",
        [
            (kind.type_id, name, label, order)
            for kind in KINDS
            for order, (name, label) in enumerate(GROUPS[kind.singular])
        ],
    )
    pipeline_defaults.insert(db)
    for kind_id, name in _INDEXED:
        index_values(db, kind_id, name)


def index_values(db: sqlite3.Connection, kind_id: str, name: str) -> None:
    """Make looking records up by this property fast. `name` has passed the naming rule."""
    label = kind_id.replace("-", "_")
    db.execute(
        f"CREATE INDEX IF NOT EXISTS hs_by_{label}_{name} ON hs_record ({value_sql(name)}) WHERE kind = '{kind_id}'"
    )


def value_sql(name: str) -> str:
    """The SQL of a property's value in lower case; the same text as in its index, so that it is used."""
    return f"lower(json_extract(props, '$.{name}'))"


def take(db: sqlite3.Connection, counter: str, count: int = 1) -> int:
    """The first of `count` fresh numbers."""
    (value,) = db.execute(
        "UPDATE hs_counter SET value = value + ? WHERE name = ? RETURNING value", (count, counter)
    ).fetchone()
    return int(value) - count


def at_least(db: sqlite3.Connection, counter: str, value: int) -> None:
    """Never hand out a number below `value`."""
    db.execute("UPDATE hs_counter SET value = max(value, ?) WHERE name = ?", (value, counter))


def catalog_changed(db: sqlite3.Connection) -> None:
    """Definitions, pipelines or owners were changed in this transaction."""
    take(db, "catalog")


def listed(values: Iterable[int | str]) -> str:
    """A list as one JSON parameter for `IN (SELECT value FROM json_each(?))`."""
    return orjson.dumps(list(values)).decode()
