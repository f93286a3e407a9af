"""Endpoints of single records: create, read, change, delete, by id or by external id."""

# ruff: noqa: S608 (only names from our own schema enter the SQL; values are parameters)

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.salesforce.errors import SalesforceError, method_not_allowed, not_found
from sandbox.salesforce.fields import Field
from sandbox.salesforce.ids import full_id
from sandbox.salesforce.moments import http_date, parse_instant
from sandbox.salesforce.objects.model import SObject
from sandbox.salesforce.org import ApiCall, Org
from sandbox.wire import Reply, json_reply

Row = dict[str, Any]


def create(org: Org, call: ApiCall, sobject: SObject) -> Reply:
    """`POST /sobjects/X`."""
    if not sobject.createable:
        raise method_not_allowed("POST", "HEAD,GET")
    record_id = org.records.create(sobject, call.body(), call.actor)
    location = f"{call.base}/sobjects/{sobject.name}/{record_id}"
    return json_reply(201, {"id": record_id, "success": True, "errors": []}, {"location": location})


def by_id(org: Org, call: ApiCall, sobject: SObject, text: str) -> Reply:
    """`/sobjects/X/{id}`."""
    record_id = full_id(text)
    if record_id is None or not record_id.startswith(sobject.prefix):
        raise _no_external_field(text)
    match call.method:
        case "GET" | "HEAD":
            return _read(org, call, sobject, record_id)
        case "PATCH":
            body = call.body()
            if any(name.lower() == "id" for name in body):
                raise SalesforceError(
                    "INVALID_FIELD", "The Id field should not be specified in the sobject data.", ["Id"]
                )
            org.records.update(sobject, record_id, body, call.actor, _precondition(call, sobject))
            return Reply(204)
        case "DELETE":
            org.records.delete(sobject, record_id, call.actor)
            return Reply(204)
        case _:
            raise method_not_allowed(call.method, "HEAD,GET,PATCH,DELETE")


def by_external_id(org: Org, call: ApiCall, sobject: SObject, name: str, value: str) -> Reply:
    """`/sobjects/X/Ext__c/{value}`: upsert, read, delete."""
    field = external_field(org, sobject, name)
    if field.type == "id":
        return by_id(org, call, sobject, value)
    matches = find_by_external_id(org, sobject, field, value)
    if len(matches) > 1:
        urls = [f"{call.base}/sobjects/{sobject.name}/{match}" for match in matches]
        return json_reply(300, urls)
    match call.method:
        case "PATCH":
            return _upsert(org, call, sobject, field, value, matches)
        case "GET" | "HEAD" if matches:
            return _read(org, call, sobject, matches[0])
        case "DELETE" if matches:
            org.records.delete(sobject, matches[0], call.actor)
            return Reply(204)
        case "GET" | "HEAD" | "DELETE":
            raise not_found()
        case _:
            raise method_not_allowed(call.method, "HEAD,GET,PATCH,DELETE")


def external_field(org: Org, sobject: SObject, name: str) -> Field:
    """The external id field of that name. Raises: `SalesforceError` NOT_FOUND."""
    field = org.schema.field(sobject, name)
    if field is None or not (field.external_id or field.id_lookup or field.type == "id"):
        raise _no_external_field(name)
    return field


def find_by_external_id(org: Org, sobject: SObject, field: Field, value: Any) -> list[str]:
    """The ids of the living records that hold the value."""
    living = ' AND "IsDeleted" = 0' if sobject.find("IsDeleted") is not None else ""
    with org.store.read() as db:
        rows = db.execute(
            f'SELECT "Id" FROM {sobject.table} WHERE "{field.name}" = ?{living} ORDER BY "Id"', (value,)
        ).fetchall()
    return [str(row[0]) for row in rows]


def _upsert(org: Org, call: ApiCall, sobject: SObject, field: Field, value: str, matches: list[str]) -> Reply:
    body = call.body()
    if any(name.lower() == field.name.lower() for name in body):
        raise SalesforceError(
            "INVALID_FIELD", f"The {field.name} field should not be specified in the sobject data.", [field.name]
        )
    has_body = float(call.version) >= org.switches.upsert_body_from
    if matches:
        org.records.update(sobject, matches[0], body, call.actor, _precondition(call, sobject))
        if not has_body:
            return Reply(204)
        return json_reply(200, {"id": matches[0], "success": True, "errors": [], "created": False})
    if (call.param("updateOnly") or "").lower() == "true":
        raise not_found()
    record_id = org.records.create(sobject, {**body, field.name: value}, call.actor)
    result: Row = {"id": record_id, "success": True, "errors": []}
    location = f"{call.base}/sobjects/{sobject.name}/{record_id}"
    return json_reply(201, {**result, "created": True} if has_body else result, {"location": location})


def shown(org: Org, sobject: SObject, row: Mapping[str, Any], base: str, names: list[Field]) -> Row:
    """A stored row as JSON carries it."""
    record: Row = {"attributes": {"type": sobject.name, "url": f"{base}/sobjects/{sobject.name}/{row['Id']}"}}
    for field in names:
        value = row.get(field.name)
        record[field.name] = value == 1 if field.type == "boolean" else value
    return record


def asked_fields(org: Org, sobject: SObject, text: str | None) -> list[Field]:
    """The fields of `?fields=a,b`; all readable ones without. Raises: `SalesforceError` INVALID_FIELD."""
    if text is None:
        return org.schema.readable(sobject)
    found: list[Field] = []
    for name in (part.strip() for part in text.split(",")):
        field = org.schema.field(sobject, name)
        if field is None:
            raise SalesforceError("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
        if field not in found:
            found.append(field)
    return found


def _read(org: Org, call: ApiCall, sobject: SObject, record_id: str) -> Reply:
    fields = asked_fields(org, sobject, call.param("fields"))
    with org.store.read() as db:
        row = org.records.find(db, sobject, record_id)
    if row is None:
        raise not_found()
    if row.get("IsDeleted"):
        raise SalesforceError("ENTITY_IS_DELETED", fields=[])
    headers: dict[str, str] = {}
    modified = _modified(row)
    if modified is not None:
        headers["last-modified"] = f"{modified:%a, %d %b %Y %H:%M:%S} GMT"
    if sobject.name == "Account":
        headers["etag"] = etag(row)
        if call.header("if-none-match") in (headers["etag"], "*"):
            return Reply(304, headers=headers)
    since = http_date(call.header("if-modified-since") or "")
    if since is not None and modified is not None and modified.replace(microsecond=0) <= since:
        return Reply(304, headers=headers)
    return json_reply(200, shown(org, sobject, row, call.base, fields), headers)


def etag(row: Mapping[str, Any]) -> str:
    """The strong validator of an account."""
    text = repr(sorted((name, value) for name, value in row.items() if name != "rid"))
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}--gzip"'


def _precondition(call: ApiCall, sobject: SObject) -> Callable[[Row], None] | None:
    names = ("if-match", "if-none-match", "if-unmodified-since", "if-modified-since")
    given = {name: value for name in names if (value := call.header(name)) is not None}
    if not given:
        return None
    instants: dict[str, datetime] = {}
    for name in ("if-unmodified-since", "if-modified-since"):
        if name in given:
            at = http_date(given[name])
            if at is None:
                raise SalesforceError("INVALID_HEADER", f"Invalid value for header {name}: {given[name]}")
            instants[name] = at

    instants_end = datetime.max.replace(tzinfo=UTC)

    def check(row: Row) -> None:
        modified = (_modified(row) or instants_end).replace(microsecond=0)
        unmodified, since = instants.get("if-unmodified-since"), instants.get("if-modified-since")
        tag = etag(row) if sobject.name == "Account" else None
        failed = (
            (unmodified is not None and modified > unmodified)
            or (since is not None and modified <= since)
            or (tag is not None and "if-match" in given and given["if-match"] not in (tag, "*"))
            or (tag is not None and given.get("if-none-match") in (tag, "*"))
        )
        if failed:
            raise SalesforceError(
                "PRECONDITION_FAILED", "The requested resource does not match the precondition", status=412
            )

    return check


def _modified(row: Mapping[str, Any]) -> datetime | None:
    text = row.get("LastModifiedDate") or row.get("CreatedDate")
    return parse_instant(text) if text else None


def _no_external_field(name: str) -> SalesforceError:
    return not_found(f"Provided external ID field does not exist or is not accessible: {name}")
