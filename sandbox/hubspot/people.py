"""What people do in the user interface, and the whole state for comparing two portals."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.hubspot import links, merging, moments, owners, records, writes
from sandbox.hubspot.desk import Author, Desk
from sandbox.hubspot.kinds import KINDS, Kind, kind_named
from sandbox.hubspot.records import Record, record_of
from sandbox.hubspot.tables import ARCHIVED, LIVE, MERGED, catalog_changed, take

NOBODY = "Somebody"
_STATES = {LIVE: "live", ARCHIVED: "archived", MERGED: "merged"}
_STAMPED = frozenset(
    {
        "hs_object_source",
        "hs_object_source_id",
        "hs_object_source_label",
        "hs_object_source_user_id",
        "hs_created_by_user_id",
        "hs_updated_by_user_id",
        "hubspot_owner_assigneddate",
        "hs_lifecyclestage_lead_date",
        "hs_task_completion_date",
        "days_to_close",
    }
)


def author(db: sqlite3.Connection, person: str) -> Author:
    """A person by name or e-mail; one nobody knows becomes a user of the portal."""
    person = person.strip() or NOBODY
    found = owners.named(db, person)
    if found is None:
        first, _, last = person.partition(" ")
        handle = ".".join(person.lower().split()) or "user"
        id_ = take(db, "id")
        db.execute(
            "INSERT INTO hs_owner VALUES (?, ?, ?, ?, ?, 'PERSON', 0, 0, 0, NULL)",
            (id_, f"{handle}@sandbox.example", first, last, id_ % 100_000_000),
        )
        catalog_changed(db)
        user_id = id_ % 100_000_000
    else:
        user_id = found[1]
    return Author("CRM_UI", f"userId:{user_id}", None, user_id)


def create(desk: Desk, kind: Kind, fields: Mapping[str, Any]) -> str:
    """Create a record, with `associations` as the API takes them. Raises: `Refusal`."""
    given = {name: value for name, value in fields.items() if name != "associations"}
    return str(writes.create(desk, kind, given, fields.get("associations") or ()).record.id)


def edit(desk: Desk, kind: Kind, record_id: str, fields: Mapping[str, Any]) -> None:
    """Change a record. Raises: `KeyError` where there is none, `Refusal` where a value does not fit."""
    writes.update(desk, kind, _live(desk, kind, record_id), fields)


def delete(desk: Desk, kind: Kind, record_id: str) -> None:
    writes.archive(desk, kind, _live(desk, kind, record_id))


def restore(desk: Desk, kind: Kind, record_id: str) -> None:
    """Bring an archived record back; its associations are as they were."""
    record = records.find(desk.db, kind, record_id)
    if record is None or record.state != ARCHIVED:
        raise KeyError(f"no archived {kind.singular} {record_id}")
    records.set_state(desk, kind, record, LIVE)


def merge(desk: Desk, kind: Kind, winner_id: str, loser_ids: Sequence[str]) -> str:
    return str(merging.merge(desk, kind, winner_id, loser_ids).id)


def objects() -> list[str]:
    """The objects a dump can list."""
    return [*(kind.plural for kind in KINDS), "owners", "associations"]


def dump(desk: Desk, object_name: str, stamps: bool) -> list[dict[str, Any]]:
    """Every row of an object in a fixed order; without stamps and authors if asked."""
    match object_name:
        case "owners":
            rows = desk.db.execute("SELECT * FROM hs_owner ORDER BY id")
            return [_without(owners.shape(*row), () if stamps else ("createdAt", "updatedAt")) for row in rows]
        case "associations":
            return _associations(desk)
        case _:
            kind = kind_named(object_name)
            if kind is None:
                raise KeyError(object_name)
            rows = desk.db.execute(
                "SELECT id, state, created, modified, archived_at, merged_into, props FROM hs_record"
                " WHERE kind = ? ORDER BY id",
                (kind.type_id,),
            )
            return [_row(record_of(row), stamps) for row in rows]


def _row(record: Record, stamps: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"id": str(record.id), "state": _STATES[record.state]}
    if record.merged_into is not None:
        row["mergedInto"] = str(record.merged_into)
    if stamps:
        row |= {"createdAt": moments.iso(record.created), "updatedAt": moments.iso(record.modified)}
    props = dict(sorted(record.props.items()))
    row["properties"] = props if stamps else _without(props, _STAMPED)
    return row


def _associations(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for from_kind, from_id, to_kind, to_id, type_id in desk.db.execute("SELECT * FROM hs_association"):
        each = links.type_by_id(desk.db, type_id)
        if each is not None and (type_id <= each.inverse_id):
            found.append(
                {
                    "from": f"{from_kind}/{from_id}",
                    "to": f"{to_kind}/{to_id}",
                    "typeId": type_id,
                    "label": each.label,
                }
            )
    return found


def _without(row: Mapping[str, Any], names: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _live(desk: Desk, kind: Kind, record_id: str) -> Record:
    record = records.survivor(desk.db, kind, records.find(desk.db, kind, record_id))
    if record is None or not record.live:
        raise KeyError(f"no {kind.singular} {record_id}")
    return record
