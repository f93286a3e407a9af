"""composite/tree: records with their children nested under relationship names, created together or not at all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce.errors import SalesforceError, method_not_allowed
from sandbox.salesforce.objects.model import SObject
from sandbox.salesforce.org import ApiCall, Org
from sandbox.wire import Reply, json_reply

_MOST_RECORDS, _MOST_LEVELS, _MOST_TYPES = 200, 5, 5


class _Refused(Exception):
    def __init__(self, reference: str, error: SalesforceError) -> None:
        super().__init__(str(error))
        self.reference = reference
        self.error = error


@dataclass(frozen=True, slots=True)
class _Planned:
    reference: str
    sobject: SObject
    fields: Mapping[str, Any]
    parent: tuple[str, str] | None
    """The lookup field, and the reference of the record it points at."""


def create(org: Org, call: ApiCall, sobject: SObject) -> Reply:
    """`POST /composite/tree/X`. Parents come first in the answer, level by level."""
    if call.method != "POST":
        raise method_not_allowed(call.method, "POST")
    records = call.body().get("records")
    try:
        if not isinstance(records, list) or not records:
            raise _Refused("", _invalid("The request holds no records"))
        planned = sorted(_planned(org, records, sobject, None, 0), key=lambda one: one[0])
        results = _created(org, call, [one for _, one in planned])
    except _Refused as refused:
        error = refused.error.in_collection()
        return json_reply(400, {"hasErrors": True, "results": [{"referenceId": refused.reference, "errors": [error]}]})
    return json_reply(201, {"hasErrors": False, "results": results})


def _created(org: Org, call: ApiCall, planned: list[_Planned]) -> list[dict[str, str]]:
    if len(planned) > _MOST_RECORDS:
        raise _Refused("", _invalid(f"The request has {len(planned)} records; the most is {_MOST_RECORDS}"))
    if len({one.sobject.name for one in planned}) > _MOST_TYPES:
        raise _Refused("", _invalid(f"The request has records of more than {_MOST_TYPES} types"))
    ids: dict[str, str] = {}
    with org.store.savepoint():
        for one in planned:
            if one.reference in ids:
                raise _Refused(one.reference, _invalid(f"Duplicate ReferenceId provided: {one.reference}"))
            parent = {one.parent[0]: ids[one.parent[1]]} if one.parent is not None else {}
            try:
                ids[one.reference] = org.records.create(one.sobject, {**one.fields, **parent}, call.actor)
            except SalesforceError as error:
                raise _Refused(one.reference, error) from error
    return [{"referenceId": reference, "id": record_id} for reference, record_id in ids.items()]


def _planned(
    org: Org, records: list[Any], sobject: SObject, parent: tuple[str, str] | None, level: int
) -> Iterator[tuple[int, _Planned]]:
    if level >= _MOST_LEVELS:
        raise _Refused("", _invalid(f"The request nests records more than {_MOST_LEVELS} levels deep"))
    relationships = {
        lookup.children.lower(): (other, lookup.name)
        for other, lookup in org.schema.children(sobject)
        if lookup.children
    }
    for record in records:
        attributes = record.get("attributes") if isinstance(record, dict) else None
        reference = str(attributes.get("referenceId") or "") if isinstance(attributes, dict) else ""
        if not isinstance(attributes, dict) or not reference:
            raise _Refused("", _invalid("Each record needs attributes with type and referenceId"))
        if str(attributes.get("type", "")).lower() != sobject.name.lower():
            raise _Refused(reference, _invalid(f"Record type {attributes.get('type')} is not {sobject.name}"))
        fields: dict[str, Any] = {}
        for name, value in record.items():
            nested = value.get("records") if isinstance(value, dict) else None
            if isinstance(nested, list) and name.lower() in relationships:
                other, lookup = relationships[name.lower()]
                yield from _planned(org, nested, other, (lookup, reference), level + 1)
            else:
                fields[name] = value
        yield level, _Planned(reference, sobject, fields, parent)


def _invalid(message: str) -> SalesforceError:
    return SalesforceError("INVALID_INPUT", message, [])
