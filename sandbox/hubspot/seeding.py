"""Filling a portal fast: many records, associations and definitions, unchecked, in one transaction each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

import orjson

from sandbox.hubspot import derived, history, labels, link_types, links, moments, owners
from sandbox.hubspot.builtin import GROUPS
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.pipeline_defaults import deal_metadata
from sandbox.hubspot.tables import ARCHIVED, LIVE, at_least, catalog_changed, take

_BESIDE = frozenset({"id", "properties", "createdAt", "updatedAt", "archived", "history"})
_FIELD_TYPES = {
    "bool": "booleancheckbox",
    "date": "date",
    "datetime": "date",
    "enumeration": "select",
    "number": "number",
    "phone_number": "phonenumber",
    "string": "text",
}
_CHUNK = 5_000


def load(desk: Desk, kind: Kind, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Store records as given, with the values HubSpot would work out. Returns their ids in order."""
    unnumbered = sum(1 for row in rows if not row.get("id"))
    fresh = iter(range(take(desk.db, "id", unnumbered), 1 << 62)) if unnumbered else iter(())
    ids: list[str] = []
    highest = 0
    pending = iter(rows)
    while chunk := list(islice(pending, _CHUNK)):
        records: list[tuple[Any, ...]] = []
        histories: list[Any] = []
        for row in chunk:
            record_id = int(row["id"]) if row.get("id") else next(fresh)
            highest = max(highest, record_id)
            ids.append(str(record_id))
            records.append(_record(desk, kind, record_id, row))
            histories += _histories(desk, kind, record_id, row.get("history"))
        desk.db.executemany("INSERT OR REPLACE INTO hs_record VALUES (?, ?, ?, ?, ?, ?, NULL, ?)", records)
        if histories:
            history.insert_rows(desk.db, histories)
    at_least(desk.db, "id", highest + 1)
    return ids


def associate_many(
    desk: Desk, kind: Kind, to_kind: Kind, pairs: Sequence[tuple[str, str]], type_id: int | None = None
) -> None:
    """Associate pairs both ways; the first company of a record that has none becomes its primary one."""
    chosen = {
        each.type_id: each
        for each in (
            link_types.default_type(kind.type_id, to_kind.type_id),
            links.type_by_id(desk.db, type_id) if type_id is not None else None,
        )
        if each is not None
    }
    rows: list[tuple[Any, ...]] = []
    for from_id, to_id in pairs:
        one, other = int(from_id), int(to_id)
        for each in chosen.values():
            rows.append((kind.type_id, one, to_kind.type_id, other, each.type_id))
            rows.append((to_kind.type_id, other, kind.type_id, one, each.inverse_id))
    desk.db.executemany("INSERT OR IGNORE INTO hs_association VALUES (?, ?, ?, ?, ?)", rows)
    _mark_primary(desk, kind, to_kind, pairs)
    _mark_primary(desk, to_kind, kind, [(there, here) for here, there in pairs])
    links.refresh(desk.db, kind.type_id, {int(a) for a, _ in pairs})
    links.refresh(desk.db, to_kind.type_id, {int(b) for _, b in pairs})


def add_owner(desk: Desk, owner: Mapping[str, Any]) -> str:
    return owners.add(desk.db, desk.now, dict(owner))


def add_label(desk: Desk, kind: Kind, to_kind: Kind, name: str, label: str, inverse_label: str) -> tuple[int, int]:
    made = labels.make(desk, kind, to_kind, name, label, inverse_label)
    return made[0][0], made[-1][0]


def add_pipeline(desk: Desk, kind: Kind, pipeline: Mapping[str, Any]) -> None:
    """Add a pipeline, or replace one with its stages."""
    id_ = str(pipeline["id"])
    desk.db.execute(
        "INSERT OR REPLACE INTO hs_pipeline VALUES (?, ?, ?, ?, 0, ?, ?)",
        (kind.type_id, id_, str(pipeline["label"]), int(pipeline.get("displayOrder", 1)), desk.now, desk.now),
    )
    desk.db.execute("DELETE FROM hs_stage WHERE kind = ? AND pipeline = ?", (kind.type_id, id_))
    for order, stage in enumerate(pipeline["stages"]):
        if "probability" in stage:
            metadata = deal_metadata(str(stage["probability"]))
        else:
            state = str(stage.get("state", "OPEN"))
            metadata = {"isClosed": "true" if state == "CLOSED" else "false", "state": state}
        desk.db.execute(
            "INSERT INTO hs_stage VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)",
            (
                kind.type_id,
                id_,
                str(stage["id"]),
                str(stage["label"]),
                order,
                orjson.dumps(metadata).decode(),
                desk.now,
                desk.now,
            ),
        )
    catalog_changed(desk.db)


def whole_definition(kind: Kind, definition: Mapping[str, Any]) -> dict[str, Any]:
    """A property definition with what follows from its name and type filled in."""
    type_ = str(definition.get("type", "string"))
    filled = {
        "label": str(definition["name"]).replace("_", " ").capitalize(),
        "type": type_,
        "fieldType": _FIELD_TYPES.get(type_, "text"),
        "groupName": GROUPS[kind.singular][0][0],
        **definition,
    }
    if type_ == "bool" and not filled.get("options"):
        filled["options"] = [{"label": "Yes", "value": "true"}, {"label": "No", "value": "false"}]
    options = filled.get("options") or ()
    filled["options"] = [{"label": each, "value": each} if isinstance(each, str) else dict(each) for each in options]
    return filled


def _record(desk: Desk, kind: Kind, record_id: int, row: Mapping[str, Any]) -> tuple[Any, ...]:
    given = row.get("properties")
    source = given if isinstance(given, Mapping) else {k: v for k, v in row.items() if k not in _BESIDE}
    props = {name: _text(value) for name, value in source.items() if value is not None and value != ""}
    created = moments.given(row.get("createdAt") or props.get(kind.created), desk.now)
    modified = moments.given(row.get("updatedAt") or props.get(kind.modified), created)
    for name in kind.system:
        props.pop(name, None)
    whole = derived.creation(desk, kind, record_id, created, props) | props
    for name, value in source.items():
        if value is None:  # said to be empty, so no default stands in for it
            whole.pop(name, None)
    for name, value in derived.calculated(desk, kind, created, whole).items():
        if value is not None and name not in props:
            whole[name] = value
    archived = bool(row.get("archived"))
    return (
        kind.type_id,
        record_id,
        ARCHIVED if archived else LIVE,
        created,
        modified,
        modified if archived else None,
        orjson.dumps(whole).decode(),
    )


def _histories(desk: Desk, kind: Kind, record_id: int, given: Any) -> list[Any]:
    rows: list[Any] = []
    for name, entries in (given or {}).items():
        seq = take(desk.db, "history", len(entries))
        rows += history.preset(kind, record_id, name, [_entry(each) for each in entries], seq)
    return rows


def _entry(given: Mapping[str, Any]) -> dict[str, Any]:
    return {**given, "at": moments.given(given["at"], 0)}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)


def _mark_primary(desk: Desk, kind: Kind, to_kind: Kind, pairs: Sequence[tuple[str, str]]) -> None:
    primary = link_types.primary_type(kind.type_id, to_kind.type_id)
    if primary is None or to_kind.singular != "company":
        return
    marked = {
        row[0]
        for row in desk.db.execute(
            "SELECT from_id FROM hs_association WHERE from_kind = ? AND to_kind = ? AND type_id = ?",
            (kind.type_id, to_kind.type_id, primary.type_id),
        )
    }
    rows: list[tuple[Any, ...]] = []
    for from_id, to_id in pairs:
        one, other = int(from_id), int(to_id)
        if one not in marked:
            marked.add(one)
            rows.append((kind.type_id, one, to_kind.type_id, other, primary.type_id))
            rows.append((to_kind.type_id, other, kind.type_id, one, primary.inverse_id))
    desk.db.executemany("INSERT OR IGNORE INTO hs_association VALUES (?, ?, ?, ?, ?)", rows)
