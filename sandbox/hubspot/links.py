"""Associations in the store: both directions as rows, the primary company, and the values that follow.

A deal has at most one primary company. The first company associated with it becomes primary; asking for the
primary type on another moves the mark. A labelled association always carries the unlabelled type as well,
as recorded: `[{341, null}, {5, "Primary"}]`.
"""

# ruff: noqa: S608 (only names from our own tables and checked property names enter the SQL)

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.hubspot import given as sent
from sandbox.hubspot import link_types, records, refusals
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.kinds import BY_ID, Kind
from sandbox.hubspot.link_types import LinkType
from sandbox.hubspot.tables import listed

_COUNTS = {
    "0-1": (("num_associated_deals", "0-3"),),
    "0-2": (("num_associated_contacts", "0-1"), ("num_associated_deals", "0-3")),
    "0-3": (("num_associated_contacts", "0-1"), ("hs_num_of_associated_line_items", "0-8")),
}
_COMPANIES = {
    "0-1": ("associatedcompanyid", 1),
    "0-2": ("hs_parent_company_id", 14),
    "0-3": ("hs_primary_associated_company", 5),
}
_CHILD_TYPE = 13
_ONE_PRIMARY = ("0-1", "0-3", "0-5")


@dataclass(frozen=True, slots=True)
class Wanted:
    """An association to make from a record: to which, by which types."""

    to_kind: Kind
    to_id: int
    types: tuple[LinkType, ...]


def types_between(db: sqlite3.Connection, from_kind: Kind, to_kind: Kind) -> dict[int, LinkType]:
    """Every association type from one object type to another, the portal's own labels included."""
    pair = (from_kind.type_id, to_kind.type_id)
    found = {id_: each for id_, each in link_types.DEFINED.items() if (each.from_kind, each.to_kind) == pair}
    rows = db.execute(
        "SELECT type_id, name, label, inverse_id FROM hs_label WHERE from_kind = ? AND to_kind = ? ORDER BY type_id",
        pair,
    )
    return found | {row[0]: LinkType(row[0], pair[0], pair[1], row[1], row[2], row[3], True) for row in rows}


def type_by_id(db: sqlite3.Connection, type_id: int) -> LinkType | None:
    """A type by its id, whichever pair it belongs to."""
    if type_id in link_types.DEFINED:
        return link_types.DEFINED[type_id]
    row = db.execute(
        "SELECT type_id, from_kind, to_kind, name, label, inverse_id FROM hs_label WHERE type_id = ?",
        (type_id,),
    ).fetchone()
    return LinkType(row[0], row[1], row[2], row[3], row[4], row[5], True) if row else None


def parse_wanted(desk: Desk, kind: Kind, associations: Sequence[Any]) -> list[Wanted]:
    """The associations in a create. Raises: `Refusal` 400 for bad types and records that do not exist."""
    wanted = [_parse_one(desk, kind, each) for each in associations]
    missing = [each for each in wanted if not _exists(desk.db, each.to_kind, each.to_id)]
    if missing:
        raise refusals.invalid(
            "One or more associations are invalid",
            context={
                "INVALID_OBJECT_IDS": [f"{each.to_kind.upper}={each.to_id} is not valid" for each in missing],
                "objectId": [str(each.to_id) for each in missing],
                "objectType": [each.to_kind.upper for each in missing],
            },
        )
    return wanted


def connect(desk: Desk, kind: Kind, record_id: int, wanted: Iterable[Wanted]) -> None:
    """Make associations from one record and refresh what follows from them."""
    for each in wanted:
        add(desk, kind, record_id, each.to_kind, each.to_id, each.types)


def add(desk: Desk, kind: Kind, from_id: int, to_kind: Kind, to_id: int, types: Iterable[LinkType]) -> None:
    """Associate two records by these types (none: the default one). Raises: `Refusal` 400 for lack of leave."""
    if desk.strict and not desk.settings.edit_associations_allowed:
        raise refusals.invalid("Missing 'Edit Associations' permission.")
    chosen = {each.type_id: each for each in types}
    plain = link_types.default_type(kind.type_id, to_kind.type_id)
    if plain is not None:
        chosen[plain.type_id] = plain
    for each in chosen.values():
        if each.label == "Primary":
            _move_primary(desk, each, from_id, to_id)
    db = desk.db
    _insert(db, kind, from_id, to_kind, to_id, chosen.values())
    for one, other, one_id, other_id in ((kind, to_kind, from_id, to_id), (to_kind, kind, to_id, from_id)):
        primary = link_types.primary_type(one.type_id, other.type_id)
        if primary is not None and one.type_id in _ONE_PRIMARY and not _has_primary(db, primary, one_id):
            _insert(db, one, one_id, other, other_id, [primary])
    _after_change(desk, [(kind, from_id), (to_kind, to_id)])


def remove(
    desk: Desk, kind: Kind, from_id: int, to_kind: Kind, to_id: int, type_ids: Iterable[int] | None = None
) -> None:
    """Take associations between two records away: those types, or all."""
    types = None if type_ids is None else [type_by_id(desk.db, each) for each in type_ids]
    for a, a_id, b, b_id, inverse in (
        (kind, from_id, to_kind, to_id, False),
        (to_kind, to_id, kind, from_id, True),
    ):
        sql = "DELETE FROM hs_association WHERE from_kind = ? AND from_id = ? AND to_kind = ? AND to_id = ?"
        key: list[Any] = [a.type_id, a_id, b.type_id, b_id]
        if types is not None:
            sql += " AND type_id IN (SELECT value FROM json_each(?))"
            key.append(listed((each.inverse_id if inverse else each.type_id) for each in types if each))
        desk.db.execute(sql, key)
    _after_change(desk, [(kind, from_id), (to_kind, to_id)])


def moved(desk: Desk, kind: Kind, old_id: int, new_id: int) -> None:
    """Hand every association of a merged-away record to its survivor."""
    rows = desk.db.execute(
        "SELECT to_kind, to_id, type_id FROM hs_association WHERE from_kind = ? AND from_id = ?"
        " ORDER BY to_kind, to_id, type_id",
        (kind.type_id, old_id),
    ).fetchall()
    for to_kind_id, to_id, type_id in rows:
        to_kind = BY_ID[to_kind_id]
        found = type_by_id(desk.db, type_id)
        remove(desk, kind, old_id, to_kind, to_id)
        if found is None or (to_kind is kind and to_id == new_id):
            continue
        taken = found.label == "Primary" and _has_primary(desk.db, found, new_id)
        add(desk, kind, new_id, to_kind, to_id, () if taken else (found,))


def refresh(db: sqlite3.Connection, kind_id: str, ids: Iterable[int] | None = None) -> None:
    """Bring the values that follow from associations up to date, for some records or for all of a type."""
    parts: list[str] = []
    for name, to_kind in _COUNTS.get(kind_id, ()):
        parts.append(
            f"'{name}', (SELECT CAST(count(DISTINCT to_id) AS TEXT) FROM hs_association a WHERE"
            f" a.from_kind = '{kind_id}' AND a.from_id = hs_record.id AND a.to_kind = '{to_kind}')"
        )
    if kind_id in _COMPANIES:
        name, type_id = _COMPANIES[kind_id]
        parts.append(
            f"'{name}', (SELECT CAST(min(to_id) AS TEXT) FROM hs_association a WHERE a.from_kind ="
            f" '{kind_id}' AND a.from_id = hs_record.id AND a.to_kind = '0-2' AND a.type_id = {type_id})"
        )
    if kind_id == "0-2":
        parts.append(
            "'hs_num_child_companies', (SELECT CAST(count(*) AS TEXT) FROM hs_association a WHERE a.from_kind ="
            f" '0-2' AND a.from_id = hs_record.id AND a.to_kind = '0-2' AND a.type_id = {_CHILD_TYPE})"
        )
    if not parts:
        return
    sql = f"UPDATE hs_record SET props = json_patch(props, json_object({', '.join(parts)})) WHERE kind = ?"
    if ids is None:
        db.execute(sql, (kind_id,))
    else:
        db.execute(sql + " AND id IN (SELECT value FROM json_each(?))", (kind_id, listed(ids)))


def _after_change(desk: Desk, touched: Iterable[tuple[Kind, int]]) -> None:
    for kind, record_id in touched:
        if desk.settings.association_edit_bumps:
            records.touch(desk, kind, [record_id])  # first, so that a lagging search keeps the counts of before
        refresh(desk.db, kind.type_id, [record_id])


def _insert(
    db: sqlite3.Connection, kind: Kind, from_id: int, to_kind: Kind, to_id: int, types: Iterable[LinkType]
) -> None:
    for each in types:
        db.executemany(
            "INSERT OR IGNORE INTO hs_association VALUES (?, ?, ?, ?, ?)",
            [
                (kind.type_id, from_id, to_kind.type_id, to_id, each.type_id),
                (to_kind.type_id, to_id, kind.type_id, from_id, each.inverse_id),
            ],
        )


def _has_primary(db: sqlite3.Connection, primary: LinkType, from_id: int) -> bool:
    return (
        db.execute(
            "SELECT 1 FROM hs_association WHERE from_kind = ? AND from_id = ? AND to_kind = ? AND type_id = ?",
            (primary.from_kind, from_id, primary.to_kind, primary.type_id),
        ).fetchone()
        is not None
    )


def _move_primary(desk: Desk, marked: LinkType, from_id: int, to_id: int) -> None:
    forward = marked if marked.from_kind in _ONE_PRIMARY else link_types.DEFINED[marked.inverse_id]
    owner = from_id if forward is marked else to_id
    rows = desk.db.execute(
        "SELECT to_id FROM hs_association WHERE from_kind = ? AND from_id = ? AND to_kind = ? AND type_id = ?",
        (forward.from_kind, owner, forward.to_kind, forward.type_id),
    ).fetchall()
    for (other,) in rows:
        remove(desk, BY_ID[forward.from_kind], owner, BY_ID[forward.to_kind], other, [forward.type_id])


def _exists(db: sqlite3.Connection, kind: Kind, record_id: int) -> bool:
    record = records.find(db, kind, record_id)
    return record is not None and record.live


def _parse_one(desk: Desk, kind: Kind, given: Any) -> Wanted:
    target = given.get("to") if isinstance(given, Mapping) else None
    specs = given.get("types") if isinstance(given, Mapping) else None
    if not isinstance(target, Mapping) or "id" not in target or not isinstance(specs, list) or not specs:
        raise refusals.invalid("Invalid input JSON on line 1, column 2: Some required fields were not set: [to, types]")
    types: list[LinkType] = []
    for each in specs:
        spec = sent.mapping(each, "types")
        type_id = sent.identifier(spec.get("associationTypeId"))
        found = type_by_id(desk.db, type_id) if type_id is not None else None
        if found is None or found.category != str(spec.get("associationCategory", found.category)):
            raise refusals.invalid(
                f"association type id {spec.get('associationTypeId')} doesn't exist",
                subCategory="crm.associations.INVALID_ASSOCIATION_TYPE",
            )
        if found.from_kind != kind.type_id:
            raise refusals.invalid(
                f"invalid from object type {kind.type_id} for associations to be created. expected: {found.from_kind}"
            )
        types.append(found)
    to_id = sent.identifier(target["id"])
    if to_id is None:
        message = f"{target['id']} is not a valid ID"
        raise refusals.invalid(message, subCategory="crm.associations.INVALID_IDENTIFIER")
    return Wanted(BY_ID[types[0].to_kind], to_id, tuple(types))
