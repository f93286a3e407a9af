"""Property endpoints: definitions, their batches, their groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from sandbox.hubspot import definitions, moments, refusals
from sandbox.hubspot import given as sent
from sandbox.hubspot.batches import answer
from sandbox.hubspot.call import Call, created, no_content, ok
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.refusals import Refusal
from sandbox.hubspot.tables import catalog_changed, index_values
from sandbox.wire import Reply, json_reply

MOST = 100
MOST_CUSTOM = 1000
MOST_UNIQUE = 10
USER_ID = "76070032"
_BATCH_FIELDS = ("updatedAt", "createdAt", "createdUserId", "updatedUserId", "archived")


def list_all(call: Call) -> Reply:
    kind = call.kind()
    with call.reading() as desk:
        return ok({"results": list(listed(desk, kind, call.flag("archived")))})


def get(call: Call) -> Reply:
    kind, name = call.kind(), call.params["name"]
    with call.reading() as desk:
        found = _definition(desk, kind, name, call.flag("archived"))
        if found is None:
            raise definitions.missing(name)
        return ok(found)


def create(call: Call) -> Reply:
    kind, body = call.kind(), call.body()
    with call.writing() as desk:
        made = define(desk, kind, body)
    location = f"{call.request.base_url}{call.request.path.rstrip('/')}/{made['name']}"
    return created(made, location)


def update(call: Call) -> Reply:
    kind, name, body = call.kind(), call.params["name"], call.body()
    with call.writing() as desk:
        found = _definition(desk, kind, name, False)
        if found is None:
            raise definitions.missing(name)
        changed = definitions.changed_definition(found, body, _groups(desk, kind), moments.iso(desk.now), USER_ID)
        _store(desk, kind, changed)
        return ok(changed)


def archive(call: Call) -> Reply:
    kind, name = call.kind(), call.params["name"]
    with call.writing() as desk:
        _archive(desk, kind, name)
    return no_content()


def batch_read(call: Call) -> Reply:
    kind, body, inputs = call.kind(), call.body(), call.inputs(MOST)
    with call.reading() as desk:
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for given in inputs:
            name = str(given.get("name", ""))
            found = _definition(desk, kind, name, bool(body.get("archived")))
            if found is None:
                errors.append(dict(definitions.missing(name).body or {}))
            else:
                results.append(found)
        return answer(desk, results, errors, 200, order=False)


def batch_create(call: Call) -> Reply:
    """Partial: names that exist are listed as errors under 207; bad definitions refuse the whole batch."""
    kind, inputs = call.kind(), call.inputs(MOST)
    with call.writing() as desk:
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for given in inputs:
            try:
                made = define(desk, kind, given)
                results.append({key: value for key, value in made.items() if key not in _BATCH_FIELDS})
            except Refusal as refusal:
                if refusal.status != 409:
                    raise
                body = refusal.body or {}
                errors.append({key: body[key] for key in _ERROR_ORDER if key in body})
        return answer(desk, results, errors, 200 if call.dated else 201, order=False)


_ERROR_ORDER = ("status", "category", "subCategory", "message", "context")


def batch_archive(call: Call) -> Reply:
    kind, inputs = call.kind(), call.inputs(MOST)
    with call.writing() as desk:
        for given in inputs:
            try:
                _archive(desk, kind, str(given.get("name", "")))
            except Refusal as refusal:
                if refusal.status != 404:
                    raise
    return no_content()


def list_groups(call: Call) -> Reply:
    kind = call.kind()
    with call.reading() as desk:
        rows = desk.db.execute(
            "SELECT name, label, display_order, archived FROM hs_group WHERE kind = ? AND archived = ?"
            " ORDER BY display_order, name",
            (kind.type_id, int(call.flag("archived"))),
        )
        return ok({"results": [_group(*row) for row in rows]})


def get_group(call: Call) -> Reply:
    with call.reading() as desk:
        return ok(_group_named(desk, call.kind(), call.params["name"]))


def create_group(call: Call) -> Reply:
    kind, body = call.kind(), call.body()
    name, label = str(body.get("name") or ""), str(body.get("label") or "")
    if not name or not label:
        raise refusals.invalid(
            "Invalid input JSON on line 1, column 2: Some required fields were not set: [name, label]"
        )
    with call.writing() as desk:
        taken = desk.db.execute(
            "SELECT archived FROM hs_group WHERE kind = ? AND name = ?", (kind.type_id, name)
        ).fetchone()
        if taken is not None and not taken[0]:
            raise refusals.refusal(
                409,
                f"A property group named '{name}' already exists.",
                "OBJECT_ALREADY_EXISTS",
                context={"name": [name]},
                subCategory="Properties.PROPERTY_GROUP_WITH_NAME_EXISTS",
            )
        (last,) = desk.db.execute(
            "SELECT coalesce(max(display_order), -1) FROM hs_group WHERE kind = ?", (kind.type_id,)
        ).fetchone()
        order = sent.whole(body["displayOrder"], "displayOrder") if body.get("displayOrder") is not None else last + 1
        desk.db.execute("INSERT OR REPLACE INTO hs_group VALUES (?, ?, ?, ?, 0)", (kind.type_id, name, label, order))
    return json_reply(201, _group(name, label, order, 0))


def update_group(call: Call) -> Reply:
    kind, body = call.kind(), call.body()
    with call.writing() as desk:
        found = _group_named(desk, kind, call.params["name"])
        label = str(body.get("label") or found["label"])
        order = sent.whole(body.get("displayOrder", found["displayOrder"]), "displayOrder")
        desk.db.execute(
            "UPDATE hs_group SET label = ?, display_order = ? WHERE kind = ? AND name = ?",
            (label, order, kind.type_id, found["name"]),
        )
        return ok(_group(found["name"], label, order, 0))


def archive_group(call: Call) -> Reply:
    kind = call.kind()
    with call.writing() as desk:
        found = _group_named(desk, kind, call.params["name"])
        desk.db.execute("UPDATE hs_group SET archived = 1 WHERE kind = ? AND name = ?", (kind.type_id, found["name"]))
    return no_content()


def define(desk: Desk, kind: Kind, body: Mapping[str, Any]) -> dict[str, Any]:
    """Define a property; one that is archived comes back with the values it had. Raises: `Refusal`."""
    made = definitions.new_definition(body, _groups(desk, kind), moments.iso(desk.now), USER_ID)
    row = desk.db.execute(
        "SELECT archived FROM hs_property WHERE kind = ? AND name = ?", (kind.type_id, made["name"])
    ).fetchone()
    if row is not None and not row[0]:
        raise definitions.already_exists(made["name"])
    counted = desk.db.execute(
        "SELECT count(*), coalesce(sum(json_extract(definition, '$.hasUniqueValue')), 0) FROM hs_property"
        " WHERE kind = ? AND custom = 1 AND archived = 0",
        (kind.type_id,),
    ).fetchone()
    if counted[0] >= MOST_CUSTOM:
        raise refusals.invalid(
            f"The limit of {MOST_CUSTOM} custom properties for {kind.upper} has been reached",
            subCategory="PropertyValidationError.PROPERTY_LIMIT_EXCEEDED",
        )
    if made["hasUniqueValue"] and counted[1] >= MOST_UNIQUE:
        raise refusals.invalid(
            f"The limit of {MOST_UNIQUE} unique properties for {kind.upper} has been reached",
            subCategory="PropertyValidationError.UNIQUE_PROPERTY_LIMIT_EXCEEDED",
        )
    _store(desk, kind, made)
    if made["hasUniqueValue"]:
        index_values(desk.db, kind.type_id, made["name"])
    return made


def _store(desk: Desk, kind: Kind, definition: Mapping[str, Any]) -> None:
    custom = int(not definition.get("hubspotDefined", False))
    desk.db.execute(
        "INSERT OR REPLACE INTO hs_property VALUES (?, ?, 0, ?, ?)",
        (kind.type_id, definition["name"], custom, orjson.dumps(dict(definition)).decode()),
    )
    catalog_changed(desk.db)


def _archive(desk: Desk, kind: Kind, name: str) -> None:
    found = _definition(desk, kind, name, False)
    if found is None:
        raise definitions.missing(name)
    if found.get("hubspotDefined") or any(
        rule[0] == kind.plural and name in rule[1:] for rule in desk.settings.conditional_required
    ):
        raise refusals.invalid(
            f"Property '{name}' is in use and cannot be deleted",
            context={"propertyName": [name]},
            subCategory="PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE",
        )
    desk.db.execute("UPDATE hs_property SET archived = 1 WHERE kind = ? AND name = ?", (kind.type_id, name))
    catalog_changed(desk.db)


def listed(desk: Desk, kind: Kind, archived: bool = False) -> Iterator[dict[str, Any]]:
    """The definitions of an object type by name."""
    rows = desk.db.execute(
        "SELECT definition FROM hs_property WHERE kind = ? AND archived = ? ORDER BY name",
        (kind.type_id, int(archived)),
    )
    for (text,) in rows:
        yield _live_options(desk, kind, orjson.loads(text) | ({"archived": True} if archived else {}))


def _definition(desk: Desk, kind: Kind, name: str, archived: bool) -> dict[str, Any] | None:
    row = desk.db.execute(
        "SELECT definition FROM hs_property WHERE kind = ? AND name = ? AND archived = ?",
        (kind.type_id, name, int(archived)),
    ).fetchone()
    if row is None:
        return None
    return _live_options(desk, kind, orjson.loads(row[0]) | ({"archived": True} if archived else {}))


def _live_options(desk: Desk, kind: Kind, definition: dict[str, Any]) -> dict[str, Any]:
    if definition["name"] == "deal_currency_code":
        codes = dict.fromkeys([desk.settings.company_currency, *desk.settings.additional_currencies])
        definition["options"] = [
            {"label": code, "value": code, "displayOrder": order, "hidden": False} for order, code in enumerate(codes)
        ]
    return definition


def _groups(desk: Desk, kind: Kind) -> set[str]:
    rows = desk.db.execute("SELECT name FROM hs_group WHERE kind = ? AND archived = 0", (kind.type_id,))
    return {row[0] for row in rows}


def _group_named(desk: Desk, kind: Kind, name: str) -> dict[str, Any]:
    row = desk.db.execute(
        "SELECT name, label, display_order, archived FROM hs_group WHERE kind = ? AND name = ? AND archived = 0",
        (kind.type_id, name),
    ).fetchone()
    if row is None:
        raise refusals.refusal(
            404, f"Property group with name: {name} not found", "OBJECT_NOT_FOUND", context={"name": [name]}
        )
    return _group(*row)


def _group(name: str, label: str, order: int, archived: int) -> dict[str, Any]:
    return {"name": name, "label": label, "displayOrder": order, "archived": bool(archived)}
