"""Who set which value when.

A value that was never changed has one entry, made up from the record itself when somebody asks; rows are
written only from the first change on. Loading 100,000 records therefore writes no history at all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.hubspot import moments
from sandbox.hubspot.desk import Author, Desk
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.tables import take

_INSERT = "INSERT INTO hs_history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def extend(
    desk: Desk,
    kind: Kind,
    record_id: int,
    created: int,
    before: Mapping[str, str],
    changes: Mapping[str, str | None],
) -> None:
    """Note the changes of one record, and for each value its first entry if it has none yet."""
    if not changes:
        return
    rows: list[tuple[Any, ...]] = []
    known = {
        name
        for (name,) in desk.db.execute(
            "SELECT DISTINCT name FROM hs_history WHERE kind = ? AND id = ?", (kind.type_id, record_id)
        )
    }
    seq = take(desk.db, "history", 2 * len(changes))
    creator = creator_of(before)
    for name, value in changes.items():
        if name not in known and name in before:
            rows.append(_row(kind, record_id, name, created, seq, before[name], creator))
        rows.append(_row(kind, record_id, name, desk.now, seq + 1, value, desk.author))
        seq += 2
    desk.db.executemany(_INSERT, rows)


def entries(
    db: sqlite3.Connection,
    kind: Kind,
    record_id: int,
    created: int,
    props: Mapping[str, str],
    names: Iterable[str],
) -> dict[str, list[dict[str, Any]]]:
    """The entries of each property, newest first, as `propertiesWithHistory` shows them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name in names:
        rows = db.execute(
            "SELECT value, at, source, source_id, label, user_id FROM hs_history"
            " WHERE kind = ? AND id = ? AND name = ? ORDER BY at DESC, seq DESC",
            (kind.type_id, record_id, name),
        ).fetchall()
        if not rows and name in props:
            by = creator_of(props)
            rows = [(props[name], created, by.source, by.source_id, by.label, by.user_id)]
        found[name] = [_entry(*row) for row in rows]
    return found


def preset(kind: Kind, record_id: int, name: str, given: Iterable[Mapping[str, Any]], seq: int) -> list[Any]:
    """Rows for a history that is loaded with its record: value, at (ms), and optionally source and user."""
    return [
        _row(
            kind,
            record_id,
            name,
            int(each["at"]),
            seq + number,
            each.get("value"),
            Author(
                str(each.get("source", "CRM_UI")),
                str(each.get("source_id") or f"userId:{each.get('user_id', '')}"),
                None,
                each.get("user_id"),
            ),
        )
        for number, each in enumerate(given)
    ]


def insert_rows(db: sqlite3.Connection, rows: Iterable[Any]) -> None:
    db.executemany(_INSERT, rows)


def creator_of(props: Mapping[str, str]) -> Author:
    """Who made a record, by its own source properties."""
    user = props.get("hs_created_by_user_id")
    return Author(
        props.get("hs_object_source", "IMPORT"),
        props.get("hs_object_source_id", ""),
        None,
        int(user) if user else None,
    )


def _row(kind: Kind, record_id: int, name: str, at: int, seq: int, value: str | None, by: Author) -> tuple[Any, ...]:
    return (kind.type_id, record_id, name, at, seq, value, by.source, by.source_id, by.label, by.user_id)


def _entry(
    value: str | None, at: int, source: str, source_id: str | None, label: str | None, user_id: int | None
) -> dict[str, Any]:
    entry: dict[str, Any] = {"value": value or "", "timestamp": moments.iso(at), "sourceType": source}
    if source_id:
        entry["sourceId"] = source_id
    if label:
        entry["sourceLabel"] = label
    if user_id is not None:
        entry["updatedByUserId"] = user_id
    return entry
