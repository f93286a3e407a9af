"""The Tooling API as far as fields go: create a CustomField, list the custom fields of an object."""

import hashlib
from typing import Any

from sandbox.salesforce.errors import SalesforceError, method_not_allowed, not_found
from sandbox.salesforce.ids import full_id, with_suffix
from sandbox.salesforce.org import ApiCall, Org
from sandbox.salesforce.soql.parse import parse
from sandbox.salesforce.soql.tree import All, Comparison, Condition, Path
from sandbox.wire import Reply, json_reply

_TYPES = {
    "Text": "string",
    "TextArea": "textarea",
    "LongTextArea": "textarea",
    "Number": "double",
    "Currency": "currency",
    "Percent": "percent",
    "Checkbox": "boolean",
    "Date": "date",
    "DateTime": "datetime",
    "Email": "email",
    "Phone": "phone",
    "Url": "url",
    "Picklist": "picklist",
    "MultiselectPicklist": "multipicklist",
    "Lookup": "reference",
}


def tooling(org: Org, call: ApiCall, rest: tuple[str, ...]) -> Reply:
    """`/tooling/…`. Raises: `SalesforceError`."""
    match call.method, rest:
        case "GET" | "HEAD", ():
            return json_reply(200, {name: f"{call.base}/tooling/{name}" for name in ("query", "sobjects")})
        case "GET" | "HEAD", ("sobjects",):
            return json_reply(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [_summary(call)]})
        case "GET" | "HEAD", ("sobjects", "CustomField", field_id):
            return json_reply(200, _by_id(org, call, field_id))
        case "POST", ("sobjects", "CustomField"):
            return _create(org, call)
        case "GET", ("query",):
            return json_reply(200, _list(org, call))
        case _, ("sobjects", "CustomField"):
            raise method_not_allowed(call.method, "POST")
        case _:
            raise not_found()


def _create(org: Org, call: ApiCall) -> Reply:
    body = call.body()
    object_name, _, name = str(body.get("FullName", "")).partition(".")
    metadata = body.get("Metadata")
    if not name or not isinstance(metadata, dict):
        raise SalesforceError("REQUIRED_FIELD_MISSING", "Required fields are missing: [FullName, Metadata]", [])
    kind = _TYPES.get(str(metadata.get("type")))
    if kind is None:
        raise SalesforceError("FIELD_INTEGRITY_EXCEPTION", f"type: unknown field type {metadata.get('type')}", ["type"])
    if org.schema.find("Task" if object_name == "Activity" else object_name) is None:
        raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", f"no object named {object_name} found", ["FullName"])
    try:
        field = org.schema.add_field(object_name, _definition(name, kind, metadata))
    except ValueError as error:
        raise SalesforceError("DUPLICATE_DEVELOPER_NAME", str(error), ["FullName"]) from error
    table = "Task" if object_name == "Activity" else org.sobject(object_name).name
    if org.switches.new_fields_hidden:
        hidden = (*org.switches.hidden_fields, f"{table}.{field.name}")
        org.settings.update("salesforce", {"hidden_fields": hidden})
    return json_reply(
        201, {"id": field_id(table, field.name), "success": True, "errors": [], "warnings": [], "infos": []}
    )


def _definition(name: str, kind: str, metadata: dict[str, Any]) -> dict[str, Any]:
    values = ((metadata.get("valueSet") or {}).get("valueSetDefinition") or {}).get("value") or []
    return {
        "name": name,
        "type": kind,
        "label": metadata.get("label"),
        "length": metadata.get("length"),
        "precision": metadata.get("precision"),
        "scale": metadata.get("scale", 0),
        "required": metadata.get("required", False),
        "externalId": metadata.get("externalId", False),
        "unique": metadata.get("unique", False),
        "caseSensitive": metadata.get("caseSensitive", False),
        "referenceTo": [metadata["referenceTo"]] if metadata.get("referenceTo") else [],
        "childRelationshipName": metadata.get("relationshipName"),
        "picklistValues": [str(value.get("fullName") or value.get("valueName")) for value in values],
        "restrictedPicklist": (metadata.get("valueSet") or {}).get("restricted", False),
    }


def field_id(object_name: str, field_name: str) -> str:
    """The id of a field's definition, which follows from its name."""
    digest = hashlib.sha256(f"{object_name}.{field_name}".lower().encode()).hexdigest()
    return with_suffix("00NSb0" + digest[:9])


def _rows(org: Org) -> list[dict[str, Any]]:
    """Every custom field."""
    return [
        {
            "Id": field_id(sobject.name, field.name),
            "DeveloperName": field.name.removesuffix("__c"),
            "TableEnumOrId": sobject.name,
            "FullName": f"{sobject.name}.{field.name}",
            "NamespacePrefix": None,
        }
        for sobject in org.schema.objects()
        for field in sobject.fields
        if field.custom
    ]


def _by_id(org: Org, call: ApiCall, text: str) -> dict[str, Any]:
    for row in _rows(org):
        if row["Id"] == full_id(text):
            return {"attributes": _attributes(call, row), **row}
    raise not_found()


def _list(org: Org, call: ApiCall) -> dict[str, Any]:
    query = parse(call.param("q") or "")
    if query.entity.lower() != "customfield":
        raise SalesforceError("INVALID_TYPE", f"sObject type '{query.entity}' is not supported.")
    wanted = {name.lower(): value for name, value in _equalities(query.where)}
    asked = [one.what.names[-1] for one in query.select if isinstance(one.what, Path)]
    records = [
        {"attributes": _attributes(call, row)} | {name: row.get(name) for name in asked}
        for row in _rows(org)
        if all(str(row[name] or "").lower() == wanted.get(name.lower(), str(row[name] or "").lower()) for name in row)
    ]
    return {
        "size": len(records),
        "totalSize": len(records),
        "done": True,
        "queryLocator": None,
        "entityTypeName": "CustomField",
        "records": records,
    }


def _attributes(call: ApiCall, row: dict[str, Any]) -> dict[str, str]:
    return {"type": "CustomField", "url": f"{call.base}/tooling/sobjects/CustomField/{row['Id']}"}


def _summary(call: ApiCall) -> dict[str, Any]:
    base = f"{call.base}/tooling/sobjects/CustomField"
    able = ("createable", "queryable", "retrieveable", "layoutable")
    unable = ("custom", "updateable", "deletable", "searchable", "replicateable", "triggerable", "mergeable")
    flags = dict.fromkeys(able, True) | dict.fromkeys(unable, False)
    names = {"name": "CustomField", "label": "Custom Field", "labelPlural": "Custom Fields", "keyPrefix": "00N"}
    return {
        **names,
        **flags,
        "urls": {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"},
    }


def _equalities(condition: Condition | None) -> list[tuple[str, str]]:
    match condition:
        case All(parts):
            return [pair for part in parts for pair in _equalities(part)]
        case Comparison(Path() as path, "=", literal):
            return [(path.names[-1], literal.text.strip("'").lower())]
        case _:
            return []
