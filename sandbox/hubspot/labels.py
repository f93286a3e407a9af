"""Association labels: a portal's own types, two ids per label, one for each direction."""

from __future__ import annotations

import re

from sandbox.hubspot import given as sent
from sandbox.hubspot import links, refusals
from sandbox.hubspot.call import Call, no_content, ok
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.link_types import LinkType
from sandbox.hubspot.refusals import Refusal
from sandbox.hubspot.tables import take
from sandbox.wire import Reply

MOST = 50
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def list_all(call: Call) -> Reply:
    kind, to_kind = call.kind("from"), call.kind("to")
    with call.reading() as desk:
        found = links.types_between(desk.db, kind, to_kind).values()
        return ok(
            {"results": [{"category": each.category, "typeId": each.type_id, "label": each.label} for each in found]}
        )


def create(call: Call) -> Reply:
    kind, to_kind, body = call.kind("from"), call.kind("to"), call.body()
    unset = [name for name in ("label", "name") if not body.get(name)]
    if unset:
        raise refusals.invalid(
            f"Invalid input JSON on line 1, column 2: Some required fields were not set: [{', '.join(unset)}]"
        )
    with call.writing() as desk:
        made = make(desk, kind, to_kind, str(body["name"]), str(body["label"]), str(body.get("inverseLabel") or ""))
        results = [{"category": "USER_DEFINED", "typeId": id_, "label": label} for id_, label in made]
    return ok({"results": results})


def make(
    desk: Desk, kind: Kind, to_kind: Kind, name: str, label: str, inverse_label: str = ""
) -> list[tuple[int, str]]:
    """Define a label between two object types. Returns (type id, label) per direction. Raises: `Refusal`."""
    if not desk.settings.labels_allowed:
        raise refusals.refusal(403, "This portal's subscription does not include association labels", "BANNED")
    if not _NAME.fullmatch(name):
        raise refusals.invalid(f"{name} is not a valid association name", context={"name": [name]})
    existing = [each for each in links.types_between(desk.db, kind, to_kind).values() if each.custom]
    if any(each.name == name or each.label == label for each in existing):
        raise refusals.invalid(
            f"An association definition with name {name} or label {label} already exists",
            subCategory="crm.associations.DUPLICATE_LABEL",
        )
    if len(existing) >= MOST:
        raise Refusal(
            437,
            {
                "status": "error",
                "message": f"The limit of {MOST} association labels between {kind.upper} and"
                f" {to_kind.upper} has been reached",
                "category": "VALIDATION_ERROR",
            },
        )
    same = kind is to_kind and not inverse_label
    there = take(desk.db, "label", 1 if same else 2)
    back = there if same else there + 1
    rows = [(there, kind.type_id, to_kind.type_id, name, label, back)]
    if not same:
        rows.append((back, to_kind.type_id, kind.type_id, name, inverse_label or label, there))
    desk.db.executemany("INSERT INTO hs_label VALUES (?, ?, ?, ?, ?, ?)", rows)
    return [(row[0], row[4]) for row in rows]


def update(call: Call) -> Reply:
    """Without `inverseLabel` the label overwrites both sides."""
    kind, to_kind, body = call.kind("from"), call.kind("to"), call.body()
    with call.writing() as desk:
        found = _label(desk, kind, to_kind, str(body.get("associationTypeId", "")))
        label = str(body.get("label") or "")
        if not label:
            raise refusals.invalid("Invalid input JSON on line 1, column 2: Some required fields were not set: [label]")
        inverse = str(body.get("inverseLabel") or label)
        desk.db.execute("UPDATE hs_label SET label = ? WHERE type_id = ?", (inverse, found.inverse_id))
        desk.db.execute("UPDATE hs_label SET label = ? WHERE type_id = ?", (label, found.type_id))
    return no_content()


def delete(call: Call) -> Reply:
    """Both directions go, with every association by them."""
    kind, to_kind = call.kind("from"), call.kind("to")
    with call.writing() as desk:
        found = _label(desk, kind, to_kind, call.params["type"])
        for type_id in {found.type_id, found.inverse_id}:
            desk.db.execute("DELETE FROM hs_label WHERE type_id = ?", (type_id,))
            desk.db.execute("DELETE FROM hs_association WHERE type_id = ?", (type_id,))
    return no_content()


def _label(desk: Desk, kind: Kind, to_kind: Kind, wanted: str) -> LinkType:
    found = links.types_between(desk.db, kind, to_kind).get(sent.identifier(wanted) or 0)
    if found is None or not found.custom:
        raise refusals.invalid(
            f"association type id {wanted} doesn't exist between {kind.upper} and {to_kind.upper}",
            subCategory="crm.associations.INVALID_ASSOCIATION_TYPE",
        )
    return found
