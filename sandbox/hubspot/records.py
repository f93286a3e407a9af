"""Records in the store: found, inserted and changed, with what search still sees of them before."""

# ruff: noqa: S608 (only names from our own tables and checked property names enter the SQL)

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import orjson

from sandbox.hubspot import history
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.tables import ARCHIVED, LIVE, MERGED, listed, value_sql

_COLUMNS = "id, state, created, modified, archived_at, merged_into, props"


@dataclass(frozen=True, slots=True)
class Record:
    """One record; `props` holds what is set, without the id and the two stamps."""

    id: int
    state: int
    created: int
    modified: int
    archived_at: int | None
    merged_into: int | None
    props: Mapping[str, str]

    @property
    def live(self) -> bool:
        return self.state == LIVE


def find_all(db: sqlite3.Connection, kind: Kind, ids: Iterable[int]) -> dict[int, Record]:
    """Records by id, in whatever state."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM hs_record WHERE kind = ? AND id IN (SELECT value FROM json_each(?))",
        (kind.type_id, listed(ids)),
    )
    return {row[0]: record_of(row) for row in rows}


def find(db: sqlite3.Connection, kind: Kind, record_id: str | int) -> Record | None:
    """A record by id, in whatever state."""
    if isinstance(record_id, str) and not (record_id.isdecimal() and len(record_id) < 19):
        return None
    number = int(record_id)
    return find_all(db, kind, [number]).get(number)


def survivor(db: sqlite3.Connection, kind: Kind, record: Record | None) -> Record | None:
    """The record that answers for a merged-away one; any other is itself."""
    while record is not None and record.state == MERGED and record.merged_into is not None:
        record = find(db, kind, record.merged_into)
    return record


def holding(db: sqlite3.Connection, kind: Kind, name: str, value: str) -> Record | None:
    """The live record whose property has this value, letter case aside."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM hs_record WHERE kind = '{kind.type_id}' AND state = {LIVE} "
        f"AND {value_sql(name)} = lower(?) ORDER BY id LIMIT 1",
        (value,),
    ).fetchone()
    return record_of(row) if row else None


def record_of(row: tuple[int, int, int, int, int | None, int | None, str]) -> Record:
    return Record(row[0], row[1], row[2], row[3], row[4], row[5], orjson.loads(row[6]))


def insert(desk: Desk, kind: Kind, record: Record) -> None:
    """Add a record; search sees it when its lag has passed."""
    desk.db.execute(
        "INSERT INTO hs_record VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            kind.type_id,
            record.id,
            record.state,
            record.created,
            record.modified,
            record.archived_at,
            record.merged_into,
            orjson.dumps(dict(record.props)).decode(),
        ),
    )
    _shadow(desk, kind, replace(record, state=ARCHIVED))


def update(desk: Desk, kind: Kind, before: Record, after: Record) -> None:
    """Replace a record; search sees the one before until its lag has passed."""
    _shadow(desk, kind, before)
    desk.db.execute(
        "UPDATE hs_record SET state = ?, created = ?, modified = ?, archived_at = ?, merged_into = ?,"
        " props = ? WHERE kind = ? AND id = ?",
        (
            after.state,
            after.created,
            after.modified,
            after.archived_at,
            after.merged_into,
            orjson.dumps(dict(after.props)).decode(),
            kind.type_id,
            after.id,
        ),
    )


def change(desk: Desk, kind: Kind, record: Record, values: Mapping[str, str | None]) -> Record:
    """Set or clear values of a record, keep their history, and move its stamp."""
    differing = {name: value for name, value in values.items() if record.props.get(name) != value}
    if not differing and not desk.settings.identical_write_bumps:
        return record
    history.extend(desk, kind, record.id, record.created, record.props, differing)
    props = {name: value for name, value in {**record.props, **differing}.items() if value is not None}
    after = replace(record, props=props, modified=max(desk.now, record.modified))
    update(desk, kind, record, after)
    return after


def touch(desk: Desk, kind: Kind, ids: Iterable[int]) -> None:
    """Move the stamp of records whose values stay."""
    _move_stamps(desk, "kind = ? AND id IN (SELECT value FROM json_each(?))", (kind.type_id, listed(ids)))


def touch_all(desk: Desk, kind: Kind) -> None:
    """Move the stamp of every live record of a type."""
    _move_stamps(desk, "kind = ? AND state = ?", (kind.type_id, LIVE))


def set_state(desk: Desk, kind: Kind, record: Record, state: int, merged_into: int | None = None) -> None:
    """Archive, restore or merge away."""
    update(
        desk,
        kind,
        record,
        replace(
            record,
            state=state,
            merged_into=merged_into,
            archived_at=desk.now if state == ARCHIVED else None,
            modified=max(desk.now, record.modified),
        ),
    )


def _move_stamps(desk: Desk, which: str, values: tuple[str | int, ...]) -> None:
    lag = _lag(desk)
    if lag > 0:
        desk.db.execute("DELETE FROM hs_shadow WHERE until <= ?", (desk.now,))
        desk.db.execute(
            "INSERT OR IGNORE INTO hs_shadow SELECT kind, id, ?, state, created, modified, props FROM hs_record"
            f" WHERE {which}",
            (desk.now + lag, *values),
        )
    desk.db.execute(f"UPDATE hs_record SET modified = max(modified, ?) WHERE {which}", (desk.now, *values))


def _lag(desk: Desk) -> int:
    return round(desk.settings.search_lag_s * 1000)


def _shadow(desk: Desk, kind: Kind, before: Record) -> None:
    lag = _lag(desk)
    desk.db.execute("DELETE FROM hs_shadow WHERE until <= ?", (desk.now,))
    if lag <= 0:
        return
    desk.db.execute(
        "INSERT OR IGNORE INTO hs_shadow VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            kind.type_id,
            before.id,
            desk.now + lag,
            before.state,
            before.created,
            before.modified,
            orjson.dumps(dict(before.props)).decode(),
        ),
    )
