"""sObject Collections: up to 200 records a call, a result for each, in order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sandbox.salesforce.errors import SalesforceError, method_not_allowed
from sandbox.salesforce.fields import Field
from sandbox.salesforce.ids import full_id
from sandbox.salesforce.objects.model import SObject
from sandbox.salesforce.org import ApiCall, Org
from sandbox.salesforce.rows import asked_fields, external_field, find_by_external_id, shown
from sandbox.wire import Reply, json_reply

MOST_RECORDS = 200
_MOST_READ = 2000
_MOST_CHUNKS = 10
_ROLLED_BACK = {
    "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "message": "Record rolled back because not all records were valid and the request was using AllOrNone header",
    "fields": [],
}
Result = dict[str, Any]
Write = Callable[[], Result]


class _Rollback(Exception):
    """Some record failed and all must be undone."""


def answer(org: Org, call: ApiCall) -> Reply:
    """`/composite/sobjects…`: `segments` begin after `sobjects`."""
    segments = call.segments[2:]
    match call.method, segments:
        case "POST", ():
            return _write(org, call, _creates)
        case "PATCH", ():
            return _write(org, call, _updates)
        case "DELETE", ():
            return _delete(org, call)
        case "PATCH", (name, external):
            sobject = org.sobject(name)
            field = external_field(org, sobject, external)
            return _write(org, call, lambda o, c, records: _upserts(o, c, records, sobject, field))
        case "GET", (name,):
            fields = call.param("fields")
            return _read(org, call, org.sobject(name), (call.param("ids") or "").split(","), fields)
        case "POST", (name,):
            body = call.body()
            ids, fields = body.get("ids") or [], ",".join(body.get("fields") or []) or None
            return _read(org, call, org.sobject(name), ids, fields)
        case _:
            raise method_not_allowed(call.method, "GET,POST,PATCH,DELETE")


def run(org: Org, writes: Sequence[Write], all_or_none: bool) -> list[Result]:
    """Do each write in one transaction; a failed one is undone alone, or undoes all."""
    results: list[Result] = []
    try:
        with org.store.savepoint():
            for write in writes:
                try:
                    with org.store.savepoint():
                        results.append(write())
                except SalesforceError as error:
                    results.append({"success": False, "errors": [error.in_collection()]})
            if all_or_none and not all(result["success"] for result in results):
                raise _Rollback
    except _Rollback:
        undone = {"success": False, "errors": [_ROLLED_BACK]}
        return [undone if result["success"] else result for result in results]
    return results


def _write(org: Org, call: ApiCall, plan: Callable[[Org, ApiCall, list[Mapping[str, Any]]], Iterator[Write]]) -> Reply:
    body = call.body()
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise SalesforceError("INVALID_INPUT", "Missing or malformed records: expected a list of records")
    _check_count(len(records))
    chunks = sum(1 for _ in groupby(records, key=_type_of))
    if chunks > _MOST_CHUNKS:
        raise SalesforceError(
            "LIMIT_EXCEEDED", f"Only {_MOST_CHUNKS} chunks of records of one type are allowed, found {chunks}."
        )
    results = run(org, list(plan(org, call, records)), body.get("allOrNone") is True)
    return json_reply(200, results)


def _check_count(count: int) -> None:
    if count > MOST_RECORDS:
        raise SalesforceError(
            "EXCEEDED_ID_LIMIT",
            f"record limit reached. cannot submit more than {MOST_RECORDS} records in this call",
        )


def _type_of(record: Mapping[str, Any]) -> str:
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, Mapping) else None
    if not isinstance(name, str):
        raise SalesforceError("INVALID_INPUT", "The entity type attributes.type is missing or invalid in a record")
    return name


def _object(org: Org, name: str) -> SObject:
    found = org.schema.find(name)
    if found is None:
        raise SalesforceError("INVALID_TYPE", f"sObject type '{name}' is not supported.", fields=[])
    return found


def _creates(org: Org, call: ApiCall, records: list[Mapping[str, Any]]) -> Iterator[Write]:
    for record in records:

        def write(record: Mapping[str, Any] = record) -> Result:
            sobject = _object(org, _type_of(record))
            return {"id": org.records.create(sobject, record, call.actor), "success": True, "errors": []}

        yield write


def _updates(org: Org, call: ApiCall, records: list[Mapping[str, Any]]) -> Iterator[Write]:
    seen: set[str] = set()
    for record in records:

        def write(record: Mapping[str, Any] = record) -> Result:
            sobject = _object(org, _type_of(record))
            given = next((value for name, value in record.items() if name.lower() == "id"), None)
            if not given:
                raise SalesforceError("MISSING_ARGUMENT", "Id not specified in an update call", [])
            record_id = _known_id(sobject, given)
            if record_id in seen:
                raise SalesforceError("DUPLICATE_VALUE", f"Duplicate id specified: {record_id}", [])
            seen.add(record_id)
            body = {name: value for name, value in record.items() if name.lower() != "id"}
            org.records.update(sobject, record_id, body, call.actor, missing=_unknown())
            return {"id": record_id, "success": True, "errors": []}

        yield write


def _upserts(
    org: Org, call: ApiCall, records: list[Mapping[str, Any]], sobject: SObject, field: Field
) -> Iterator[Write]:
    keys = [_external_value(record, field) for record in records]
    for record, key in zip(records, keys, strict=True):

        def write(record: Mapping[str, Any] = record, key: Any = key) -> Result:
            if _type_of(record).lower() != sobject.name.lower():
                raise SalesforceError("INVALID_TYPE", f"record is not of type {sobject.name}", [])
            body = {n: v for n, v in record.items() if n.lower() not in (field.name.lower(), "id")}
            if field.type == "id":
                return _upsert_by_id(org, call, sobject, body, key)
            if key is None or key == "":
                raise SalesforceError("MISSING_ARGUMENT", f"{field.name} not specified", [])
            if keys.count(key) > 1:
                raise SalesforceError("DUPLICATE_VALUE", f"Duplicate external id specified: {key}", [field.name])
            matches = find_by_external_id(org, sobject, field, key)
            if len(matches) > 1:
                raise SalesforceError(
                    "DUPLICATE_EXTERNAL_ID", f"{field.name}: more than one record found for external id field", []
                )
            if matches:
                org.records.update(sobject, matches[0], body, call.actor)
                return {"id": matches[0], "success": True, "errors": [], "created": False}
            record_id = org.records.create(sobject, {**body, field.name: key}, call.actor)
            return {"id": record_id, "success": True, "errors": [], "created": True}

        yield write


def _upsert_by_id(org: Org, call: ApiCall, sobject: SObject, body: Mapping[str, Any], key: Any) -> Result:
    if not key:
        record_id = org.records.create(sobject, body, call.actor)
        return {"id": record_id, "success": True, "errors": [], "created": True}
    record_id = _known_id(sobject, key)
    org.records.update(sobject, record_id, body, call.actor, missing=_unknown())
    return {"id": record_id, "success": True, "errors": [], "created": False}


def _external_value(record: Mapping[str, Any], field: Field) -> Any:
    return next((value for name, value in record.items() if name.lower() == field.name.lower()), None)


def _delete(org: Org, call: ApiCall) -> Reply:
    ids = [one for one in (call.param("ids") or "").split(",") if one]
    if not ids:
        raise SalesforceError("MISSING_ARGUMENT", "The ids parameter is required")
    _check_count(len(ids))

    def deletion(text: str) -> Write:
        return lambda: delete(text)

    def delete(text: str) -> Result:
        record_id = full_id(text)
        sobject = org.schema.by_id(record_id) if record_id is not None else None
        if record_id is None or sobject is None:
            raise SalesforceError("MALFORMED_ID", f"malformed id {text}", [])
        org.records.delete(sobject, record_id, call.actor, missing=_unknown())
        return {"id": record_id, "success": True, "errors": []}

    writes = [deletion(text) for text in ids]
    return json_reply(200, run(org, writes, (call.param("allOrNone") or "").lower() == "true"))


def _read(org: Org, call: ApiCall, sobject: SObject, ids: list[str], fields: str | None) -> Reply:
    if fields is None:
        raise SalesforceError("MISSING_ARGUMENT", "The fields parameter is required")
    if len(ids) > _MOST_READ:
        raise SalesforceError("EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {_MOST_READ} ids")
    asked = asked_fields(org, sobject, fields)
    records: list[Result | None] = []
    with org.store.read() as db:
        for text in ids:
            record_id = full_id(text.strip())
            row = org.records.find(db, sobject, record_id) if record_id is not None else None
            living = row is not None and not row.get("IsDeleted")
            records.append(shown(org, sobject, row, call.base, asked) if row is not None and living else None)
    return json_reply(200, records)


def _known_id(sobject: SObject, given: Any) -> str:
    found = full_id(given) if isinstance(given, str) else None
    if found is None or not found.startswith(sobject.prefix):
        raise SalesforceError(
            "MALFORMED_ID", f"{sobject.label or sobject.name} ID: id value of incorrect type: {given}", ["Id"]
        )
    return found


def _unknown() -> SalesforceError:
    return SalesforceError("INVALID_CROSS_REFERENCE_KEY", fields=[])
