"""Custom fields made through the Tooling API, where the settings allow it; else what an administrator has to do.

A field that an integration makes is visible to nobody, not even to the integration, until a permission set grants it
(``FieldPermissions``); whom it is shown to is the administrator's to decide, so that is told and not done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from connectors.salesforce.api import Api
from connectors.salesforce.errors import short
from partnersync.changes import Outcome
from partnersync.errors import ConnectorError, RejectedError, UnavailableError
from partnersync.records import FieldKind, FieldSchema

_THERE = frozenset({"DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE"})
_LONGEST_TEXT, _LONGEST_LABEL = 255, 40
_HOLDERS = {"Task": "Activity", "Event": "Activity"}
"""Objects whose custom fields are made on another one."""
_TYPES: dict[FieldKind, str] = {
    "text": "Text",
    "number": "Number",
    "boolean": "Checkbox",
    "date": "Date",
    "datetime": "DateTime",
    "choice": "Picklist",
    "multichoice": "MultiselectPicklist",
    "lookup": "Lookup",
}


def spelled_out(object_: str, fields: Sequence[FieldSchema]) -> Iterator[Outcome]:
    """Each refused, with what to do."""
    for field in fields:
        message = f"create {object_}.{field.name} ({field.kind}) in Setup and make it visible to our user"
        yield Outcome(field.name, "rejected", code="BY_HAND", message=message)


def created(api: Api, object_: str, fields: Sequence[FieldSchema]) -> Iterator[Outcome]:
    """One outcome per field. One that is there but hidden from us is refused, with whom to ask."""
    holder = _HOLDERS.get(object_, object_)
    for field in fields:
        yield _one(api, holder, field)


def _one(api: Api, holder: str, field: FieldSchema) -> Outcome:
    if not field.name.endswith("__c") or field.kind not in _TYPES:
        message = f"{holder}.{field.name} is no custom field that can be created"
        return Outcome(field.name, "rejected", code="NOT_CUSTOM", message=message)
    granted = f"grant our user's permission set read and edit (FieldPermissions) on {holder}.{field.name}"
    try:
        api.write("POST", "tooling/sobjects/CustomField", _definition(holder, field))
    except RejectedError as error:
        if error.code in _THERE:
            return Outcome(field.name, "rejected", code="HIDDEN", message=f"is there and hidden from us: {granted}")
        return Outcome(field.name, "rejected", code=error.code or "REFUSED", message=short(error))
    except UnavailableError as error:
        status: Literal["unknown", "retry"] = "unknown" if error.maybe_done else "retry"
        return Outcome(field.name, status, code=error.code, message=f"{short(error)}; run this again")
    except ConnectorError as error:
        message = f"{short(error)} (creating fields needs the permission Customize Application)"
        return Outcome(field.name, "rejected", code=error.code or "REFUSED", message=message)
    return Outcome(field.name, "applied", message=granted)


def _definition(holder: str, field: FieldSchema) -> dict[str, Any]:
    metadata: dict[str, Any] = {"type": _TYPES[field.kind], "label": field.label[:_LONGEST_LABEL], "required": False}
    match field.kind:
        case "text":
            metadata["length"] = min(field.length or _LONGEST_TEXT, _LONGEST_TEXT)
            if field.unique or field.external_id:
                metadata |= {"unique": field.unique, "externalId": field.external_id, "caseSensitive": False}
        case "number":
            metadata |= {"precision": 18, "scale": field.scale or 0}
        case "boolean":
            metadata["defaultValue"] = False
        case "choice" | "multichoice":
            values = [{"fullName": each.value, "label": each.label, "default": False} for each in field.choices]
            listed = {"sorted": False, "value": values}
            metadata["valueSet"] = {"restricted": field.restricted, "valueSetDefinition": listed}
        case "lookup":
            relation = f"{field.name.removesuffix('__c')}_{holder.removesuffix('__c')}s"
            metadata |= {"referenceTo": field.refers_to[0], "relationshipName": relation, "deleteConstraint": "SetNull"}
        case _:
            pass
    return {"FullName": f"{holder}.{field.name}", "Metadata": metadata}
