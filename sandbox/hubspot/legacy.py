"""Reads in the first and second versions: whole values with stamp and source, numbers for ids, offsets for pages.

Supported until September 2027, and what older readers still call. Nothing can be written through them here.
"""

# ruff: noqa: S608 (only fixed words enter the SQL; values are parameters)

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sandbox.hubspot import moments, owners, pipelines, property_routes, refusals
from sandbox.hubspot.call import Call, ok
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.kinds import COMPANY, CONTACT, DEAL, Kind
from sandbox.hubspot.records import Record, find, record_of, survivor
from sandbox.hubspot.shapes import values_of
from sandbox.hubspot.tables import LIVE
from sandbox.wire import Reply

_COLUMNS = "id, state, created, modified, archived_at, merged_into, props"
_MOST, _MOST_RECENT = 250, 100


def properties(call: Call) -> Reply:
    """The definitions of an object type, as a bare list."""
    kind = call.kind()
    with call.reading() as desk:
        return ok([_definition(each) for each in property_routes.listed(desk, kind)])


def company_properties(call: Call) -> Reply:
    """The same for companies, at their own path."""
    with call.reading() as desk:
        return ok([_definition(each) for each in property_routes.listed(desk, COMPANY)])


def one_property(call: Call) -> Reply:
    """One definition by name."""
    kind, name = call.kind(), call.params["name"]
    with call.reading() as desk:
        for each in property_routes.listed(desk, kind):
            if each["name"] == name:
                return ok(_definition(each))
    raise refusals.record_missing(name)


def companies(call: Call) -> Reply:
    """Every company, by id."""
    page, last = _paged(call, COMPANY)
    return ok({"companies": page, "has-more": last is not None, "offset": last or 0})


def deals(call: Call) -> Reply:
    """Every deal, by id."""
    page, last = _paged(call, DEAL)
    return ok({"deals": page, "hasMore": last is not None, "offset": last or 0})


def recent_companies(call: Call) -> Reply:
    """Companies by their last change, newest first."""
    return _recent(call, COMPANY)


def recent_deals(call: Call) -> Reply:
    """Deals by their last change, newest first."""
    return _recent(call, DEAL)


def company(call: Call) -> Reply:
    """One company with everything set on it."""
    return _one(call, COMPANY)


def deal(call: Call) -> Reply:
    """One deal with everything set on it."""
    return _one(call, DEAL)


def deal_pipelines(call: Call) -> Reply:
    """The pipelines of deals, as a bare list."""
    with call.reading() as desk:
        return ok([_old_pipeline(each) for each in pipelines.listed(desk, DEAL)])


def kind_pipelines(call: Call) -> Reply:
    """The pipelines of an object type in their second form."""
    kind = call.kind()
    with call.reading() as desk:
        return ok({"results": [_second_pipeline(kind, each) for each in pipelines.listed(desk, kind)]})


def all_owners(call: Call) -> Reply:
    """Every owner, as a bare list."""
    inactive = call.flag("includeInactive")
    with call.reading() as desk:
        found = owners.listed(desk.db, (0, 1) if inactive else (0,))
    return ok([_owner(call.settings.portal_id, each) for each in found])


def _paged(call: Call, kind: Kind) -> tuple[list[dict[str, Any]], int | None]:
    limit, offset = _number(call, "limit", 100, _MOST), _number(call, "offset", 0)
    names = set(call.names("properties")) | set(call.names("propertiesWithHistory"))
    wanted = None if call.flag("includeAllProperties") else names
    with call.reading() as desk:
        rows = desk.db.execute(
            f"SELECT {_COLUMNS} FROM hs_record WHERE kind = ? AND id > ? AND state = ? ORDER BY id LIMIT ?",
            (kind.type_id, offset, LIVE, limit + 1),
        ).fetchall()
        page = [_shape(desk, kind, record_of(row), wanted, call.flag("includeAssociations")) for row in rows[:limit]]
    return page, rows[limit - 1][0] if len(rows) > limit else None


def _recent(call: Call, kind: Kind) -> Reply:
    count, offset = _number(call, "count", 20, _MOST_RECENT), _number(call, "offset", 0)
    where = "FROM hs_record WHERE kind = ? AND state = ? AND modified >= ?"
    params = (kind.type_id, LIVE, _number(call, "since", 0))
    with call.reading() as desk:
        (total,) = desk.db.execute(f"SELECT count(*) {where}", params).fetchone()
        rows = desk.db.execute(
            f"SELECT {_COLUMNS} {where} ORDER BY modified DESC, id DESC LIMIT ? OFFSET ?", (*params, count, offset)
        ).fetchall()
        results = [_shape(desk, kind, record_of(row), None, True) for row in rows]
    end = offset + len(rows)
    return ok({"results": results, "hasMore": end < total, "offset": end, "total": total})


def _one(call: Call, kind: Kind) -> Reply:
    with call.reading() as desk:
        record = survivor(desk.db, kind, find(desk.db, kind, call.params["id"]))
        if record is None or not record.live:
            raise refusals.record_missing(call.params["id"])
        return ok(_shape(desk, kind, record, None, True))


def _shape(desk: Desk, kind: Kind, record: Record, names: Collection[str] | None, linked: bool) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "portalId": desk.settings.portal_id,
        f"{kind.singular}Id": record.id,
        "isDeleted": False,
    }
    if kind is DEAL:
        shape["associations"] = {
            "associatedVids": _linked(desk, record, CONTACT) if linked else [],
            "associatedCompanyIds": _linked(desk, record, COMPANY) if linked else [],
            "associatedDealIds": [],
            "associatedTicketIds": [],
        }
    shape["properties"] = _values(desk, kind, record, names)
    return shape | {"additionalDomains": [], "stateChanges": [], "mergeAudits": [], "imports": []}


def _linked(desk: Desk, record: Record, to_kind: Kind) -> list[int]:
    rows = desk.db.execute(
        "SELECT DISTINCT to_id FROM hs_association WHERE from_kind = ? AND from_id = ? AND to_kind = ? ORDER BY to_id",
        (DEAL.type_id, record.id, to_kind.type_id),
    )
    return [to_id for (to_id,) in rows]


def _values(desk: Desk, kind: Kind, record: Record, names: Collection[str] | None) -> dict[str, Any]:
    known = desk.properties(kind)
    changes = desk.db.execute(
        "SELECT name, at, source, source_id FROM hs_history WHERE kind = ? AND id = ? ORDER BY at, seq",
        (kind.type_id, record.id),
    )
    last = {name: (at, source, source_id) for name, at, source, source_id in changes}
    created = (record.created, record.props.get("hs_object_source", "IMPORT"), None)
    found: dict[str, Any] = {}
    for name, value in values_of(kind, record).items():
        if names is not None and name not in names:
            continue
        at, source, source_id = last.get(name, created)
        if name == kind.modified:
            at = record.modified
        prop = known.get(name)
        old = _in_millis(value) if prop is not None and prop.type in ("date", "datetime") else value
        entry = {"value": old, "timestamp": at, "source": source, "sourceId": source_id}
        found[name] = {**entry, "versions": [{"name": name, **entry}]}
    return found


def _in_millis(value: str) -> str:
    at = moments.millis(value)
    return value if at is None else str(at)


def _definition(given: Mapping[str, Any]) -> dict[str, Any]:
    flags = given.get("modificationMetadata") or {}
    return {
        "name": given["name"],
        "label": given["label"],
        "description": given.get("description", ""),
        "groupName": given["groupName"],
        "type": given["type"],
        "fieldType": given["fieldType"],
        "createdAt": moments.millis(str(given.get("createdAt", ""))),
        "updatedAt": moments.millis(str(given.get("updatedAt", ""))),
        "options": [{**option, "readOnly": False, "doubleData": 0.0} for option in given.get("options", ())],
        "deleted": False,
        "displayOrder": given.get("displayOrder", -1),
        "formField": given.get("formField", False),
        "readOnlyValue": flags.get("readOnlyValue", False),
        "readOnlyDefinition": flags.get("readOnlyDefinition", False),
        "mutableDefinitionNotDeletable": False,
        "hidden": given.get("hidden", False),
        "calculated": given.get("calculated", False),
        "externalOptions": given.get("externalOptions", False),
        "hasUniqueValue": given.get("hasUniqueValue", False),
        "hubspotDefined": given.get("hubspotDefined", False),
        "referencedObjectType": given.get("referencedObjectType"),
    }


def _old_pipeline(given: Mapping[str, Any]) -> dict[str, Any]:
    stages = []
    for stage in given["stages"]:
        probability = float(stage["metadata"].get("probability", 0))
        shown = {"stageId": stage["id"], "label": stage["label"], "probability": probability, "active": True}
        stages.append({**shown, "displayOrder": stage["displayOrder"], "closedWon": probability == 1})
    head = {"pipelineId": given["id"], "label": given["label"], "displayOrder": given["displayOrder"], "active": True}
    return {**head, "stages": stages, "staticDefault": given["id"] == "default"}


def _second_pipeline(kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
    def renamed(each: Mapping[str, Any], name: str) -> dict[str, Any]:
        kept = {key: each[key] for key in ("label", "displayOrder")}
        stamps = {key: moments.millis(each[key]) for key in ("createdAt", "updatedAt")}
        return {name: each["id"], **kept, **stamps, "active": True}

    stages: Iterable[dict[str, Any]] = (
        {**renamed(stage, "stageId"), "metadata": stage["metadata"]} for stage in given["stages"]
    )
    head = {**renamed(given, "pipelineId"), "objectType": kind.upper, "objectTypeId": kind.type_id}
    return {**head, "default": given["id"] == "default", "stages": list(stages)}


def _owner(portal_id: int, given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "portalId": portal_id,
        "ownerId": int(given["id"]),
        "type": given["type"],
        "firstName": given["firstName"],
        "lastName": given["lastName"],
        "email": given["email"],
        "createdAt": moments.millis(given["createdAt"]),
        "updatedAt": moments.millis(given["updatedAt"]),
        "remoteList": [],
        "hasContactsAccess": True,
        "isActive": not given["archived"],
        "activeUserId": None if given["archived"] else given["userId"],
        "userIdIncludingInactive": given["userIdIncludingInactive"],
    }


def _number(call: Call, name: str, default: int, most: int | None = None) -> int:
    text = call.request.param(name) or str(default)
    if not text.isdecimal() or len(text) > 18:
        raise refusals.invalid(f"Invalid {name} {text}", context={name: [text]})
    return int(text) if most is None else max(1, min(int(text), most))
