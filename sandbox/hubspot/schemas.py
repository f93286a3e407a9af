"""Object schemas: what the schemas API tells of the standard objects."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot import links, property_routes
from sandbox.hubspot.call import Call, ok
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.kinds import KINDS, Kind
from sandbox.wire import Reply


def list_all(call: Call) -> Reply:
    """Only custom objects are listed, and this portal has none."""
    return ok({"results": []})


def get(call: Call) -> Reply:
    kind = call.kind()
    with call.reading() as desk:
        return ok(_schema(desk, kind))


def _schema(desk: Desk, kind: Kind) -> dict[str, Any]:
    return {
        "labels": {"singular": kind.title, "plural": kind.plural.replace("_", " ").capitalize()},
        "requiredProperties": [],
        "searchableProperties": list(kind.searchable),
        "primaryDisplayProperty": (kind.defaults or kind.searchable)[0],
        "secondaryDisplayProperties": [],
        "description": "",
        "allowsSensitiveProperties": True,
        "archived": False,
        "restorable": True,
        "metaType": "HUBSPOT",
        "id": kind.type_id.partition("-")[2],
        "fullyQualifiedName": kind.upper,
        "createdAt": "1970-01-01T00:00:00Z",
        "updatedAt": "2025-03-05T18:12:37.434Z",
        "createdByUserId": None,
        "updatedByUserId": None,
        "objectTypeId": kind.type_id,
        "properties": list(property_routes.listed(desk, kind)),
        "associations": [
            {
                "fromObjectTypeId": kind.type_id,
                "toObjectTypeId": other.type_id,
                "name": each.name.upper(),
                "cardinality": "ONE_TO_MANY",
                "inverseCardinality": "ONE_TO_MANY",
                "hasUserEnforcedMaxToObjectIds": False,
                "hasUserEnforcedMaxFromObjectIds": False,
                "maxToObjectIds": 10000,
                "maxFromObjectIds": 10000,
                "id": str(each.type_id),
                "createdAt": None,
                "updatedAt": None,
            }
            for other in KINDS
            for each in links.types_between(desk.db, kind, other).values()
        ],
        "name": kind.upper,
    }
