"""Record endpoints that are neither batch nor search: list, get, create, update, archive, merge."""

from __future__ import annotations

from urllib.parse import quote

from sandbox.hubspot import batches, link_reads, merging, records, refusals, shapes, writes
from sandbox.hubspot import given as sent
from sandbox.hubspot.call import Call, created, no_content, ok
from sandbox.hubspot.desk import Desk, kind_of
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.list_cursors import ListCursors
from sandbox.hubspot.records import Record, record_of
from sandbox.hubspot.refusals import Refusal
from sandbox.hubspot.tables import ARCHIVED, LIVE
from sandbox.wire import Reply

MOST = 100
MOST_WITH_HISTORY = 50


def list_page(call: Call) -> Reply:
    """A page by id; `paging.next.link` points at this sandbox, for clients that follow it verbatim."""
    kind = call.kind()
    with_history = call.names("propertiesWithHistory")
    limit = call.limit(10, MOST_WITH_HISTORY if with_history else MOST)
    cursors = ListCursors(call.settings)
    after = cursors.read(call.request.param("after"))
    state = ARCHIVED if call.flag("archived") else LIVE
    to_kinds = [kind_of(name) for name in call.names("associations")]
    with call.reading() as desk:
        rows = desk.db.execute(
            "SELECT id, state, created, modified, archived_at, merged_into, props FROM hs_record"
            " WHERE kind = ? AND id >= ? AND state = ? ORDER BY id LIMIT ?",
            (kind.type_id, cursors.first(desk.db, kind, state, after), state, limit + 1),
        ).fetchall()
        results = [
            shapes.read(
                desk,
                kind,
                (record := record_of(row)),
                call.names("properties"),
                with_history,
                link_reads.inline(desk, kind, record.id, to_kinds, call.objects_link),
            )
            for row in rows[:limit]
        ]
    body: dict[str, object] = {"results": results}
    if len(rows) > limit:
        following = cursors.written(rows[limit - 1][0], rows[limit][0])
        body["paging"] = {"next": {"after": following, "link": _next_link(call, following)}}
    return ok(body)


def get(call: Call) -> Reply:
    kind = call.kind()
    to_kinds = [kind_of(name) for name in call.names("associations")]
    with call.reading() as desk:
        record = _found(call, desk, kind)
        if record is None or record.live == call.flag("archived"):
            raise _absent(call)
        associations = link_reads.inline(desk, kind, record.id, to_kinds, call.objects_link)
        names, with_history = call.names("properties"), call.names("propertiesWithHistory")
        return ok(shapes.read(desk, kind, record, names, with_history, associations))


def create(call: Call) -> Reply:
    kind, body = call.kind(), call.body()
    given = body.get("properties")
    if not isinstance(given, dict):
        raise refusals.invalid(
            "Invalid input JSON on line 1, column 2: Some required fields were not set: [properties]"
        )
    with call.writing() as desk:
        made = writes.create(desk, kind, given, sent.sequence(body.get("associations"), "associations"))
        shape = shapes.created(desk, kind, made.record)
        if made.warnings:
            shape["warnings"] = list(made.warnings)
        location = f"{call.request.base_url}{call.request.path.rstrip('/')}/{made.record.id}"
        return created(shape, location)


def update(call: Call) -> Reply:
    kind, given = call.kind(), call.body().get("properties")
    if not isinstance(given, dict):
        raise refusals.invalid(
            "Invalid input JSON on line 1, column 2: Some required fields were not set: [properties]"
        )
    with call.writing() as desk:
        record = _found(call, desk, kind)
        if record is None or not record.live:
            raise _absent(call)
        made = writes.update(desk, kind, record, given)
        shape = shapes.updated(desk, kind, made.record, made.sent)
        if made.warnings:
            shape["warnings"] = list(made.warnings)
        return ok(shape)


def archive(call: Call) -> Reply:
    """204, also for an id that does not exist."""
    kind = call.kind()
    with call.writing() as desk:
        record = _found(call, desk, kind)
        if record is not None:
            writes.archive(desk, kind, record)
    return no_content()


def merge(call: Call) -> Reply:
    kind, body = call.kind(), call.body()
    missing = [name for name in ("primaryObjectId", "objectIdToMerge") if not body.get(name)]
    if missing:
        raise refusals.invalid(
            f"Invalid input JSON on line 1, column 2: Some required fields were not set: [{', '.join(missing)}]"
        )
    with call.writing() as desk:
        survivor = merging.merge(desk, kind, str(body["primaryObjectId"]), [str(body["objectIdToMerge"])])
        return ok(shapes.created(desk, kind, survivor))


def _found(call: Call, desk: Desk, kind: Kind) -> Record | None:
    key, id_property = call.params["id"], call.request.param("idProperty")
    if id_property and id_property != "hs_object_id":
        return batches.by_unique(desk, kind, id_property, key)
    return records.survivor(desk.db, kind, records.find(desk.db, kind, key))


def _absent(call: Call) -> Refusal:
    match call.settings.record_404:
        case "html":
            return refusals.route_missing()
        case "empty":
            return Refusal(404, raw=b"")
        case _:
            return refusals.record_missing(call.params["id"])


def _next_link(call: Call, after: str) -> str:
    pairs = [
        f"{quote(name)}={quote(value, safe='')}"
        for name, values in call.request.query.items()
        if name != "after"
        for value in values
    ]
    return f"{call.request.base_url}{call.request.path}?{'&'.join([*pairs, f'after={after}'])}"
