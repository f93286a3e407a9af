"""Association endpoints of the v4 and dated families."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.hubspot import given as sent
from sandbox.hubspot import link_reads, link_types, links, records, refusals, shapes
from sandbox.hubspot.batches import answer, unread
from sandbox.hubspot.call import Call, no_content, ok
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.link_types import LinkType
from sandbox.hubspot.refusals import Refusal
from sandbox.wire import Reply, json_reply

MOST_READ = 1000
MOST_WRITTEN = 2000
PAGE = 500


def batch_read(call: Call) -> Reply:
    kind, to_kind, inputs = call.kind("from"), call.kind("to"), call.inputs(MOST_READ)
    with call.reading() as desk:
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for given in inputs:
            from_id = str(given.get("id", ""))
            if (error := unread(from_id)) is not None:
                errors.append(error)
                continue
            found = _page_of(desk, kind, to_kind, from_id, given.get("after"))
            if found is None or not found.to:
                if desk.settings.association_none == "error":
                    errors.append(none_found(kind, to_kind, from_id))
                continue
            entry: dict[str, Any] = {"from": {"id": from_id}, "to": link_reads.with_labels(desk, found)}
            if found.after is not None:
                entry["paging"] = {"next": {"after": found.after, "link": f"?after={found.after}"}}
            results.append(entry)
        return answer(desk, results, errors, 200, order=False)


def batch_create(call: Call) -> Reply:
    kind, to_kind, inputs = call.kind("from"), call.kind("to"), call.inputs(MOST_WRITTEN)
    status = call.settings.dated_association_create_status if call.dated else 201
    with call.writing() as desk:
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for given in inputs:
            try:
                from_id, to_id = _ends(desk, kind, to_kind, given)
                types = chosen_types(desk, kind, to_kind, sent.sequence(given.get("types"), "types"))
                links.add(desk, kind, from_id, to_kind, to_id, types)
                results.append(_pair(desk, kind, from_id, to_kind, to_id, types))
            except Refusal as refusal:
                errors.append(dict((refusal.body or {}).items()))
        return answer(desk, results, errors, status, order=False)


def batch_default(call: Call) -> Reply:
    kind, to_kind, inputs = call.kind("from"), call.kind("to"), call.inputs(MOST_WRITTEN)
    with call.writing() as desk:
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for given in inputs:
            try:
                from_id, to_id = _ends(desk, kind, to_kind, given)
                results += _associate_default(desk, kind, from_id, to_kind, to_id)
            except Refusal as refusal:
                errors.append(dict(refusal.body or {}))
        return answer(desk, results, errors, 200, order=False)


def batch_archive(call: Call) -> Reply:
    kind, to_kind, inputs = call.kind("from"), call.kind("to"), call.inputs(MOST_WRITTEN)
    with call.writing() as desk:
        for given in inputs:
            targets = given.get("to")
            for target in targets if isinstance(targets, list) else [targets]:
                pair = _numbers(given.get("from"), target)
                if pair is not None:
                    links.remove(desk, kind, pair[0], to_kind, pair[1])
    return no_content()


def batch_archive_labels(call: Call) -> Reply:
    kind, to_kind, inputs = call.kind("from"), call.kind("to"), call.inputs(MOST_WRITTEN)
    with call.writing() as desk:
        for given in inputs:
            pair = _numbers(given.get("from"), given.get("to"))
            types = chosen_types(desk, kind, to_kind, sent.sequence(given.get("types"), "types"))
            if pair is not None:
                links.remove(desk, kind, pair[0], to_kind, pair[1], [each.type_id for each in types])
    return no_content()


def list_single(call: Call) -> Reply:
    """The associations of one record; plain `id` and `type` in v3, types with labels since v4."""
    kind, to_kind = call.kind(), call.kind("to")
    limit = call.limit(PAGE, PAGE)
    with call.reading() as desk:
        record = records.survivor(desk.db, kind, records.find(desk.db, kind, call.params["id"]))
        if record is None or not record.live:
            raise refusals.record_missing(call.params["id"])
        after = call.request.param("after")
        found = link_reads.page(desk.db, kind, record.id, to_kind, after, limit)
        v3 = call.version == "v3"
        results = link_reads.with_names(found) if v3 else link_reads.with_labels(desk, found)
    body: dict[str, Any] = {"results": results}
    if found.after is not None:
        link = f"{call.request.base_url}{call.request.path}?limit={limit}&after={found.after}"
        body["paging"] = {"next": {"after": found.after, "link": link}}
    return ok(body)


def put_single(call: Call) -> Reply:
    kind, to_kind, specs = call.kind(), call.kind("to"), call.any_body()
    with call.writing() as desk:
        from_id, to_id = _ends(desk, kind, to_kind, _ends_of(call))
        types = chosen_types(desk, kind, to_kind, specs if isinstance(specs, list) else ())
        links.add(desk, kind, from_id, to_kind, to_id, types)
        pair = _pair(desk, kind, from_id, to_kind, to_id, types)
    return json_reply(call.settings.dated_association_create_status if call.dated else 201, pair)


def put_default(call: Call) -> Reply:
    """Idempotent: associating again answers the same."""
    kind, to_kind = call.kind(), call.kind("to")
    with call.writing() as desk:
        from_id, to_id = _ends(desk, kind, to_kind, _ends_of(call))
        return answer(desk, _associate_default(desk, kind, from_id, to_kind, to_id), [], 200, order=False)


def delete_single(call: Call) -> Reply:
    kind, to_kind = call.kind(), call.kind("to")
    pair = _numbers({"id": call.params["id"]}, {"id": call.params["to_id"]})
    if pair is not None:
        with call.writing() as desk:
            links.remove(desk, kind, pair[0], to_kind, pair[1])
    return no_content()


def put_typed(call: Call) -> Reply:
    """v3: associate by a type's id or name in the path; answers the record."""
    kind, to_kind = call.kind(), call.kind("to")
    with call.writing() as desk:
        from_id, to_id = _ends(desk, kind, to_kind, _ends_of(call))
        links.add(desk, kind, from_id, to_kind, to_id, [type_named(desk, kind, to_kind, call.params["type"])])
        record = records.find_all(desk.db, kind, [from_id])[from_id]
        associations = link_reads.inline(desk, kind, from_id, [to_kind], call.objects_link)
        return ok(shapes.read(desk, kind, record, associations=associations))


def delete_typed(call: Call) -> Reply:
    kind, to_kind = call.kind(), call.kind("to")
    pair = _numbers({"id": call.params["id"]}, {"id": call.params["to_id"]})
    with call.writing() as desk:
        found = type_named(desk, kind, to_kind, call.params["type"])
        if pair is not None:
            links.remove(desk, kind, pair[0], to_kind, pair[1], [found.type_id])
    return no_content()


def type_named(desk: Desk, kind: Kind, to_kind: Kind, wanted: str) -> LinkType:
    """An association type by its id or name. Raises: `Refusal` 400."""
    for each in links.types_between(desk.db, kind, to_kind).values():
        if wanted in (str(each.type_id), each.name):
            return each
    raise invalid_type(kind, to_kind, wanted)


def chosen_types(desk: Desk, kind: Kind, to_kind: Kind, specs: Sequence[Any]) -> list[LinkType]:
    """The types that a write names. Raises: `Refusal` 400 for one that does not fit the pair."""
    known = links.types_between(desk.db, kind, to_kind)
    chosen: list[LinkType] = []
    for each in specs:
        spec = sent.mapping(each, "types")
        number = sent.identifier(spec.get("associationTypeId"))
        found = known.get(number) if number is not None else None
        if found is None or found.category != str(spec.get("associationCategory", found.category)):
            raise invalid_type(kind, to_kind, str(spec.get("associationTypeId")))
        chosen.append(found)
    return chosen


def invalid_type(kind: Kind, to_kind: Kind, wanted: str) -> Refusal:
    return refusals.refusal(
        400,
        f"{wanted} is not a valid association type between {kind.upper} and {to_kind.upper}",
        "VALIDATION_ERROR",
        context={"type": [wanted]},
        subCategory="crm.associations.INVALID_ASSOCIATION_TYPE",
    )


def none_found(kind: Kind, to_kind: Kind, from_id: str) -> dict[str, Any]:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {to_kind.singular} is associated with {kind.singular} {from_id}.",
        "context": {
            "fromObjectId": [from_id],
            "fromObjectType": [kind.singular],
            "toObjectType": [to_kind.singular],
        },
    }


def _associate_default(desk: Desk, kind: Kind, from_id: int, to_kind: Kind, to_id: int) -> list[dict[str, Any]]:
    there = link_types.default_type(kind.type_id, to_kind.type_id)
    if there is None:
        raise invalid_type(kind, to_kind, "default")
    links.add(desk, kind, from_id, to_kind, to_id, ())
    return [
        {
            "from": {"id": str(one)},
            "to": {"id": str(other)},
            "associationSpec": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id},
        }
        for one, other, type_id in ((from_id, to_id, there.type_id), (to_id, from_id, there.inverse_id))
    ]


def _pair(desk: Desk, kind: Kind, from_id: int, to_kind: Kind, to_id: int, types: Sequence[LinkType]) -> dict[str, Any]:
    return {
        "fromObjectTypeId": kind.type_id,
        "fromObjectId": link_reads.wire_id(desk, from_id),
        "toObjectTypeId": to_kind.type_id,
        "toObjectId": link_reads.wire_id(desk, to_id),
        "labels": [each.label for each in types if each.label is not None],
    }


def _page_of(desk: Desk, kind: Kind, to_kind: Kind, from_id: str, after: Any) -> link_reads.LinkPage | None:
    number = sent.identifier(from_id)
    if number is None:
        return None
    size = desk.settings.association_page_size
    return link_reads.page(desk.db, kind, number, to_kind, str(after) if after else None, size)


def _ends_of(call: Call) -> dict[str, Any]:
    return {"from": {"id": call.params["id"]}, "to": {"id": call.params["to_id"]}}


def _ends(desk: Desk, kind: Kind, to_kind: Kind, given: Mapping[str, Any]) -> tuple[int, int]:
    """Both ids of a pair that exists. Raises: `Refusal` 400 or 404."""
    ids: list[int] = []
    for name, of_kind, code in (("from", kind, "FROM"), ("to", to_kind, "TO")):
        end = given.get(name)
        text = str(end.get("id", "")) if isinstance(end, Mapping) else ""
        number = sent.identifier(text)
        if number is None:
            raise refusals.invalid(
                f"{text} is not a valid ID",
                context={"id": [text]},
                subCategory="crm.associations.INVALID_IDENTIFIER",
            )
        record = records.find(desk.db, of_kind, number)
        if record is None or not record.live:
            raise refusals.refusal(
                404,
                f"No {of_kind.singular} with ID {text} exists",
                "OBJECT_NOT_FOUND",
                context={"objectType": [of_kind.singular], "id": [text]},
                subCategory=f"crm.associations.{code}_OBJECT_NOT_FOUND",
            )
        ids.append(number)
    if kind is to_kind and ids[0] == ids[1]:
        raise refusals.invalid(f"Object {ids[0]} cannot be associated to itself ({ids[1]})")
    return ids[0], ids[1]


def _numbers(one: Any, other: Any) -> tuple[int, int] | None:
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return None
    a, b = sent.identifier(one.get("id")), sent.identifier(other.get("id"))
    return (a, b) if a is not None and b is not None else None
