"""Pipeline and stage endpoints. Editing a deal pipeline moves the stamp of every deal."""

# ruff: noqa: S608 (only names from our own tables and checked property names enter the SQL)

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from sandbox.hubspot import given as sent
from sandbox.hubspot import moments, records, refusals
from sandbox.hubspot.call import Call, no_content, ok
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.kinds import DEAL, Kind
from sandbox.hubspot.pipeline_defaults import deal_metadata
from sandbox.hubspot.refusals import Refusal
from sandbox.hubspot.tables import catalog_changed, take
from sandbox.wire import Reply, json_reply

_STAGE_COLUMNS = "id, label, display_order, metadata, archived, created, updated"


def list_all(call: Call) -> Reply:
    kind = call.kind()
    with call.reading() as desk:
        return ok({"results": listed(desk, kind)})


def listed(desk: Desk, kind: Kind) -> list[dict[str, Any]]:
    """The pipelines of an object type with their stages."""
    rows = desk.db.execute(
        "SELECT id, label, display_order, archived, created, updated FROM hs_pipeline WHERE kind = ? AND archived = 0",
        (kind.type_id,),
    ).fetchall()
    return [_pipeline(desk, kind, row) for row in rows]


def get(call: Call) -> Reply:
    with call.reading() as desk:
        return ok(_found(call, desk, call.kind()))


def create(call: Call) -> Reply:
    kind, body = call.kind(), call.body()
    _need(body, ("label", "displayOrder", "stages"))
    with call.writing() as desk:
        id_ = str(body.get("pipelineId") or take(desk.db, "stage"))
        if desk.db.execute("SELECT 1 FROM hs_pipeline WHERE kind = ? AND id = ?", (kind.type_id, id_)).fetchone():
            raise refusals.refusal(409, f"Pipeline {id_} already exists", "CONFLICT")
        desk.db.execute(
            "INSERT INTO hs_pipeline VALUES (?, ?, ?, ?, 0, ?, ?)",
            (
                kind.type_id,
                id_,
                str(body["label"]),
                sent.whole(body["displayOrder"], "displayOrder"),
                desk.now,
                desk.now,
            ),
        )
        for stage in sent.sequence(body["stages"], "stages"):
            _insert_stage(desk, kind, id_, stage)
        _changed(desk, kind, bump=False)
        return json_reply(201, _by_id(desk, kind, id_))


def update(call: Call) -> Reply:
    """PATCH changes what is named; PUT replaces the pipeline with its stages."""
    kind, body, whole = call.kind(), call.body(), call.request.method == "PUT"
    if whole:
        _need(body, ("label", "displayOrder", "stages"))
    with call.writing() as desk:
        found = _found(call, desk, kind)
        desk.db.execute(
            "UPDATE hs_pipeline SET label = ?, display_order = ?, archived = 0, updated = ? WHERE kind = ? AND id = ?",
            (
                str(body.get("label") or found["label"]),
                sent.whole(body.get("displayOrder", found["displayOrder"]), "displayOrder"),
                desk.now,
                kind.type_id,
                found["id"],
            ),
        )
        if whole:
            desk.db.execute(
                "UPDATE hs_stage SET archived = 1 WHERE kind = ? AND pipeline = ?",
                (kind.type_id, found["id"]),
            )
            for stage in sent.sequence(body["stages"], "stages"):
                _insert_stage(desk, kind, found["id"], stage)
        _changed(desk, kind)
        return ok(_by_id(desk, kind, found["id"]))


def archive(call: Call) -> Reply:
    kind = call.kind()
    with call.writing() as desk:
        found = _found(call, desk, kind)
        desk.db.execute("UPDATE hs_pipeline SET archived = 1 WHERE kind = ? AND id = ?", (kind.type_id, found["id"]))
        _changed(desk, kind)
    return no_content()


def list_stages(call: Call) -> Reply:
    with call.reading() as desk:
        return ok({"results": _found(call, desk, call.kind())["stages"]})


def get_stage(call: Call) -> Reply:
    with call.reading() as desk:
        return ok(_found_stage(call, desk, call.kind()))


def create_stage(call: Call) -> Reply:
    kind, body = call.kind(), call.body()
    _need(body, ("label", "displayOrder", "metadata"))
    with call.writing() as desk:
        pipeline = _found(call, desk, kind)
        id_ = _insert_stage(desk, kind, pipeline["id"], body)
        _changed(desk, kind)
        return json_reply(201, _stage_by_id(desk, kind, pipeline["id"], id_))


def update_stage(call: Call) -> Reply:
    kind, body = call.kind(), call.body()
    if call.request.method == "PUT":
        _need(body, ("label", "displayOrder", "metadata"))
    with call.writing() as desk:
        found = _found_stage(call, desk, kind)
        metadata = _metadata(kind, {**found["metadata"], **sent.mapping(body.get("metadata") or {}, "metadata")})
        desk.db.execute(
            "UPDATE hs_stage SET label = ?, display_order = ?, metadata = ?, archived = 0, updated = ?"
            " WHERE kind = ? AND pipeline = ? AND id = ?",
            (
                str(body.get("label") or found["label"]),
                sent.whole(body.get("displayOrder", found["displayOrder"]), "displayOrder"),
                orjson.dumps(metadata).decode(),
                desk.now,
                kind.type_id,
                call.params["pipeline"],
                found["id"],
            ),
        )
        _changed(desk, kind)
        return ok(_stage_by_id(desk, kind, call.params["pipeline"], found["id"]))


def archive_stage(call: Call) -> Reply:
    kind = call.kind()
    with call.writing() as desk:
        found = _found_stage(call, desk, kind)
        desk.db.execute(
            "UPDATE hs_stage SET archived = 1, updated = ? WHERE kind = ? AND pipeline = ? AND id = ?",
            (desk.now, kind.type_id, call.params["pipeline"], found["id"]),
        )
        _changed(desk, kind)
    return no_content()


def _pipeline(desk: Desk, kind: Kind, row: tuple[Any, ...]) -> dict[str, Any]:
    id_, label, order, archived, created, updated = row
    stages = desk.db.execute(
        f"SELECT {_STAGE_COLUMNS} FROM hs_stage WHERE kind = ? AND pipeline = ? AND archived = 0"
        " ORDER BY display_order, id",
        (kind.type_id, id_),
    )
    return {
        "label": label,
        "displayOrder": order,
        "id": id_,
        "stages": [_stage(*each) for each in stages],
        "createdAt": _stamp(created),
        "updatedAt": _stamp(updated),
        "archived": bool(archived),
    }


def _stage(
    id_: str, label: str, order: int, metadata: str, archived: int, created: int, updated: int
) -> dict[str, Any]:
    return {
        "label": label,
        "displayOrder": order,
        "metadata": orjson.loads(metadata),
        "id": id_,
        "createdAt": _stamp(created),
        "updatedAt": _stamp(updated),
        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        "archived": bool(archived),
    }


def _stamp(at: int) -> str:
    return moments.iso(at) if at else "1970-01-01T00:00:00Z"


def _by_id(desk: Desk, kind: Kind, id_: str) -> dict[str, Any] | None:
    row = desk.db.execute(
        "SELECT id, label, display_order, archived, created, updated FROM hs_pipeline"
        " WHERE kind = ? AND id = ? AND archived = 0",
        (kind.type_id, id_),
    ).fetchone()
    return _pipeline(desk, kind, row) if row else None


def _stage_by_id(desk: Desk, kind: Kind, pipeline: str, id_: str) -> dict[str, Any] | None:
    row = desk.db.execute(
        f"SELECT {_STAGE_COLUMNS} FROM hs_stage WHERE kind = ? AND pipeline = ? AND id = ? AND archived = 0",
        (kind.type_id, pipeline, id_),
    ).fetchone()
    return _stage(*row) if row else None


def _found(call: Call, desk: Desk, kind: Kind) -> dict[str, Any]:
    found = _by_id(desk, kind, call.params["pipeline"])
    if found is None:
        raise _absent(call)
    return found


def _found_stage(call: Call, desk: Desk, kind: Kind) -> dict[str, Any]:
    found = _stage_by_id(desk, kind, call.params["pipeline"], call.params["stage"])
    if found is None:
        raise _absent(call)
    return found


def _absent(call: Call) -> Refusal:
    match call.settings.pipeline_404:
        case "html":
            return refusals.route_missing()
        case "empty":
            return Refusal(404, raw=b"")
        case _:
            return refusals.refusal(404, "resource not found")


def _need(body: Mapping[str, Any], names: tuple[str, ...]) -> None:
    unset = [name for name in names if body.get(name) is None]
    if unset:
        raise refusals.invalid(
            f"Invalid input JSON on line 1, column 2: Some required fields were not set: [{', '.join(unset)}]"
        )


def _insert_stage(desk: Desk, kind: Kind, pipeline: str, given: Mapping[str, Any]) -> str:
    _need(sent.mapping(given, "stages"), ("label", "displayOrder", "metadata"))
    id_ = str(given.get("stageId") or take(desk.db, "stage"))
    metadata = _metadata(kind, given["metadata"])
    desk.db.execute(
        "INSERT OR REPLACE INTO hs_stage VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)",
        (
            kind.type_id,
            pipeline,
            id_,
            str(given["label"]),
            sent.whole(given["displayOrder"], "displayOrder"),
            orjson.dumps(metadata).decode(),
            desk.now,
            desk.now,
        ),
    )
    return id_


def _metadata(kind: Kind, given: Mapping[str, Any]) -> dict[str, str]:
    """All values are text; whether a deal stage is closed follows from its probability."""
    texts = {
        str(key): ("true" if value else "false") if isinstance(value, bool) else str(value)
        for key, value in sent.mapping(given, "metadata").items()
    }
    if kind is not DEAL:
        state = texts.get("state") or texts.get("ticketState") or "OPEN"
        return {"isClosed": "true" if state == "CLOSED" else "false", **texts}
    probability = texts.get("probability")
    try:
        if probability is None or not 0 <= float(probability) <= 1:
            raise ValueError
    except ValueError:
        raise refusals.invalid(
            "Deal stage metadata must hold a probability between 0.0 and 1.0",
            context={"probability": [str(probability)]},
        ) from None
    return texts | deal_metadata(probability)


def _changed(desk: Desk, kind: Kind, *, bump: bool = True) -> None:
    catalog_changed(desk.db)
    if bump and desk.settings.pipeline_edit_bumps:
        records.touch_all(desk, kind)
