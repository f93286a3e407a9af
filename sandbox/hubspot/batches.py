"""Batch endpoints of records: read, create, update, upsert, archive.

One bad input refuses the whole batch with 400 or 409 and nothing is written, unless every input carries an
`objectWriteTraceId` of its own: then the good ones are written and the bad ones listed, under 207 (an upsert
by `email` knows no partial success; `partial_success` takes it from other batches). Ids that do not exist are
always listed under 207. Results come by id, not in the order of the inputs. A `read_error` fault lists an error for
an input that is there: that HubSpot's batch reads do so is not established, its batch writes do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sandbox.hubspot import given as sent
from sandbox.hubspot import moments, records, refusals, shapes, writes
from sandbox.hubspot.call import Call, no_content
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.records import Record
from sandbox.hubspot.refusals import Refusal
from sandbox.hubspot.tables import MERGED
from sandbox.hubspot.writes import Written
from sandbox.injection import current_call
from sandbox.wire import Reply, json_reply

MOST = 100
_Work = Callable[[Desk, Kind, Mapping[str, Any]], dict[str, Any] | None]


def read(call: Call) -> Reply:
    kind, inputs, body = call.kind(), call.inputs(MOST), call.body()
    id_property = body.get("idProperty")
    with_history = _strings(body, "propertiesWithHistory")
    with call.reading() as desk:
        results, errors, absent = [], [], []
        for given in _distinct(_ids(inputs)):
            if (error := unread(given)) is not None:
                errors.append(error)
                continue
            record = _lookup(desk, kind, given, id_property)
            if record is None or (record.live == call.flag("archived")):
                absent.append(given)
            else:
                results.append(shapes.read(desk, kind, record, _strings(body, "properties"), with_history))
        if absent:
            errors.append(not_found(kind, absent))
        return answer(desk, results, errors, 200, order=False)


def create(call: Call) -> Reply:
    kind, inputs = call.kind(), call.inputs(MOST)

    def work(desk: Desk, kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
        made = writes.create(desk, kind, _properties(given), sent.sequence(given.get("associations"), "associations"))
        return _with_notes(desk, shapes.created(desk, kind, made.record), made, given)

    return _write(call, kind, inputs, work, 201)


def update(call: Call) -> Reply:
    kind, inputs = call.kind(), call.inputs(MOST)
    if call.settings.refuse_duplicate_ids:
        _refuse_duplicates(inputs)

    def work(desk: Desk, kind: Kind, given: Mapping[str, Any]) -> dict[str, Any] | None:
        record = _lookup(desk, kind, str(given.get("id", "")), given.get("idProperty"), follow=False)
        if record is not None and record.state == MERGED and desk.settings.merged_in_update == "omitted":
            return None
        if record is None or not record.live:
            raise Refusal(207, {"missing": str(given.get("id", ""))})
        made = writes.update(desk, kind, record, _properties(given))
        return _with_notes(desk, shapes.updated(desk, kind, made.record, made.sent), made, given)

    return _write(call, kind, inputs, work, 200)


def upsert(call: Call) -> Reply:
    kind, inputs = call.kind(), call.inputs(MOST)
    with call.reading() as desk:
        for given in inputs:
            _check_upsert_key(desk, kind, given)
    if call.settings.refuse_duplicate_ids:
        _refuse_duplicates(inputs)

    def work(desk: Desk, kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
        key, id_property = str(given.get("id", "")), given.get("idProperty")
        record = _lookup(desk, kind, key, id_property)
        values = dict(_properties(given))
        if record is not None and record.live:
            made = writes.update(desk, kind, record, values)
            shape = shapes.updated(desk, kind, made.record, made.sent)
        elif id_property is None:
            raise Refusal(207, {"missing": key})
        else:
            made = writes.create(desk, kind, {str(id_property): key, **values})
            shape = shapes.created(desk, kind, made.record)
        return _with_notes(desk, shape, made, given) | {"new": record is None or not record.live}

    return _write(call, kind, inputs, work, 200)


def archive(call: Call) -> Reply:
    kind, inputs = call.kind(), call.inputs(MOST)
    with call.writing() as desk:
        for given in _distinct(_ids(inputs)):
            record = records.find(desk.db, kind, given)
            if record is not None:
                writes.archive(desk, kind, record)
    return no_content()


def answer(
    desk: Desk,
    results: list[dict[str, Any]],
    errors: list[dict[str, Any]],
    status: int,
    *,
    order: bool = True,
) -> Reply:
    """The body every batch ends with; 207 where there are errors."""
    if order:
        results = arranged(results, desk.settings.batch_order)
    body: dict[str, Any] = {
        "completedAt": moments.iso(desk.now + 1),
        "status": "COMPLETE",
        "startedAt": moments.iso(desk.now),
        "results": results,
    }
    if errors:
        body |= {"errors": errors, "numErrors": len(errors)}
    return json_reply(207 if errors else status, body)


def arranged(results: list[dict[str, Any]], order: str) -> list[dict[str, Any]]:
    """Results in the order the switch names; the shuffle is the same for the same ids."""
    match order:
        case "id":
            return sorted(results, key=lambda each: int(each["id"]))
        case "shuffled":
            return sorted(results, key=lambda each: hashlib.sha256(each["id"].encode()).digest())
        case _:
            return results


def not_found(kind: Kind, ids: Iterable[str]) -> dict[str, Any]:
    """The one error that lists all ids of a batch that do not exist."""
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": f"Could not get some {kind.upper} objects, they may be deleted or not exist."
        " Check that ids are valid.",
        "context": {"ids": list(ids)},
    }


def unread(id_: str) -> dict[str, Any] | None:
    """The error that a fault wants listed for an input of a batch read."""
    armed = current_call.get()
    fault = armed.read_error() if armed is not None else None
    if fault is None:
        return None
    return {"status": "error", "category": fault.code, "message": fault.message, "context": {"ids": [id_]}}


def _write(call: Call, kind: Kind, inputs: Sequence[Mapping[str, Any]], work: _Work, status: int) -> Reply:
    partial = call.settings.partial_success
    traced = _traced(inputs) and (partial == "writes" or (partial == "create" and status == 201))
    if call.settings.silent_empty_batch:
        with call.reading() as desk:
            return answer(desk, [], [], status)
    armed = current_call.get()
    with call.writing() as desk:
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        absent: list[str] = []
        refused: list[Refusal] = []
        for given in inputs:
            try:
                with call.ground.store.savepoint():
                    if armed is not None and (fault := armed.record_error()) is not None:
                        raise refusals.refusal(400, fault.message or fault.code, fault.code)
                    result = work(desk, kind, given)
                if result is not None:
                    results.append(result)
            except Refusal as refusal:
                body = refusal.body or {}
                if "missing" in body:
                    absent.append(body["missing"])
                elif traced:
                    errors.append(_error_of(refusal, str(given["objectWriteTraceId"])))
                else:
                    refused.append(refusal)
        if refused:
            raise _combined(refused)
        if absent:
            errors.append(not_found(kind, absent))
        return answer(desk, results, errors, status)


def _traced(inputs: Sequence[Mapping[str, Any]]) -> bool:
    traces = [str(each["objectWriteTraceId"]) for each in inputs if each.get("objectWriteTraceId") is not None]
    by_email = any(each.get("idProperty") == "email" for each in inputs)
    return bool(inputs) and len(set(traces)) == len(inputs) and not by_email


def _error_of(refusal: Refusal, trace: str) -> dict[str, Any]:
    body = dict(refusal.body or {})
    error: dict[str, Any] = {
        "status": "error",
        "category": body.get("category", "VALIDATION_ERROR"),
        "message": body.get("message", ""),
        "context": {"objectWriteTraceId": [trace], **body.get("context", {})},
    }
    message = error["message"]
    if error["category"] == "CONFLICT" and ": " in message:
        error["context"]["existingId"] = [message.rpartition(": ")[2]]
    if body.get("errors"):
        error["errors"] = body["errors"]
    return error


def _combined(refused: Sequence[Refusal]) -> Refusal:
    """One refusal for a whole batch: all value problems in one list, or the first of another sort."""
    listed = [
        refusals.Problem(each["context"]["propertyName"][0], each["code"], each["message"])
        for refusal in refused
        for each in (refusal.body or {}).get("errors", ())
        if str((refusal.body or {}).get("message", "")).startswith("Property values were not valid")
    ]
    return refusals.invalid_values(listed) if listed else refused[0]


def _lookup(desk: Desk, kind: Kind, key: str, id_property: Any, *, follow: bool = True) -> Record | None:
    if id_property in (None, "", "hs_object_id"):
        record = records.find(desk.db, kind, key)
        return records.survivor(desk.db, kind, record) if follow else record
    return by_unique(desk, kind, str(id_property), key)


def by_unique(desk: Desk, kind: Kind, name: str, value: str) -> Record | None:
    """The record that a unique property's value names. Raises: `Refusal` 400 where it is not unique."""
    prop = desk.properties(kind).get(name)
    if prop is None:
        raise refusals.invalid_values(
            [refusals.Problem(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')]
        )
    if not prop.unique:
        raise refusals.invalid(f"Unable to perform update/upsert by non-unique {kind.type_id} property {name}")
    return records.holding(desk.db, kind, name, value)


def _check_upsert_key(desk: Desk, kind: Kind, given: Mapping[str, Any]) -> None:
    name = given.get("idProperty")
    if name not in (None, "", "hs_object_id"):
        by_unique(desk, kind, str(name), "")


def _with_notes(desk: Desk, shape: dict[str, Any], made: Written, given: Mapping[str, Any]) -> dict[str, Any]:
    if made.warnings:
        shape["warnings"] = list(made.warnings)
    if desk.settings.trace_ids_in_results and given.get("objectWriteTraceId") is not None:
        shape["objectWriteTraceId"] = str(given["objectWriteTraceId"])
    return shape


def _refuse_duplicates(inputs: Sequence[Mapping[str, Any]]) -> None:
    seen: set[str] = set()
    twice: list[str] = []
    for each in _ids(inputs):
        if each in seen and each not in twice:
            twice.append(each)
        seen.add(each)
    if twice:
        raise refusals.invalid(
            f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique",
            context={"ids": twice},
        )


def _properties(given: Mapping[str, Any]) -> Mapping[str, Any]:
    found = given.get("properties")
    if not isinstance(found, Mapping):
        raise refusals.invalid(
            "Invalid input JSON on line 1, column 2: Some required fields were not set: [properties]"
        )
    return found


def _ids(inputs: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(each.get("id", "")) for each in inputs]


def _distinct(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(ids))


def _strings(body: Mapping[str, Any], name: str) -> list[str]:
    found = body.get(name)
    return [str(each) for each in found] if isinstance(found, list) else []
