"""The search endpoint: hits of the index, which may lag behind the records and hold ghosts.

With a lag, a record written at t is found by its values of before until t + lag, and shown with them; a new
one is not found, an archived one still is. Ghosts (`phantom_hits`) are hits whose record no longer loads:
they take up places, so that a page is short, or empty, while `paging.next.after` is set.
"""

# ruff: noqa: S608 (only names from our own tables and checked property names enter the SQL)

from __future__ import annotations

from typing import Any

from sandbox.hubspot import refusals, search_request, search_sql, shapes
from sandbox.hubspot.call import Call, ok
from sandbox.hubspot.desk import Desk
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.records import record_of
from sandbox.hubspot.search_request import SearchRequest
from sandbox.hubspot.tables import LIVE
from sandbox.wire import Reply

_FIELDS = "id, state, created, modified, props"


def search(call: Call) -> Reply:
    kind = call.kind()
    settings = call.settings
    if settings.search_body_limit is not None and len(call.request.body) > settings.search_body_limit:
        raise refusals.invalid(f"The request body exceeds {settings.search_body_limit} characters")
    request = search_request.parse(call.body(), settings.search_cap)
    with call.reading() as desk:
        total, rows = hits(desk, kind, request)
        body: dict[str, Any] = {
            "total": total,
            "results": [shapes.read(desk, kind, record_of(row), request.properties) for row in rows],
        }
    if request.after + request.limit < total:
        body["paging"] = {"next": {"after": str(request.after + request.limit)}}
    return ok(body)


def hits(desk: Desk, kind: Kind, request: SearchRequest) -> tuple[int, list[Any]]:
    """How many there are in all, and the rows of this page."""
    condition = search_sql.where(desk, kind, request)
    source = _source(desk, kind)
    order = search_sql.order(desk, kind, request.sort)
    (count,) = desk.db.execute(f"SELECT count(*) {source} AND {condition.text}", condition.values).fetchone()
    first, length = _beside_ghosts(desk, request.after, request.limit)
    rows = desk.db.execute(
        f"SELECT id, state, created, modified, NULL, NULL, props {source} AND {condition.text}"
        f" ORDER BY {order} LIMIT ? OFFSET ?",
        (*condition.values, length, first),
    ).fetchall()
    ghosts = desk.settings.phantom_hits if count > desk.settings.phantom_hits_at else 0
    return int(count) + ghosts, rows


def _source(desk: Desk, kind: Kind) -> str:
    """What search looks at: the live records, or while the index lags, those with their shadows."""
    lagging = desk.db.execute(
        "SELECT 1 FROM hs_shadow WHERE kind = ? AND until > ? LIMIT 1", (kind.type_id, desk.now)
    ).fetchone()
    if not lagging:
        return f"FROM hs_record WHERE kind = '{kind.type_id}' AND state = {LIVE}"
    oldest = (
        f"SELECT id, min(until) AS until FROM hs_shadow WHERE kind = '{kind.type_id}' AND until > {desk.now}"
        " GROUP BY id"
    )
    return (
        f"FROM (SELECT {_FIELDS} FROM hs_record WHERE kind = '{kind.type_id}'"
        f" AND id NOT IN (SELECT id FROM ({oldest}))"
        f" UNION ALL SELECT s.id, s.state, s.created, s.modified, s.props FROM hs_shadow s"
        f" JOIN ({oldest}) o ON o.id = s.id AND o.until = s.until WHERE s.kind = '{kind.type_id}')"
        f" WHERE state = {LIVE}"
    )


def _beside_ghosts(desk: Desk, after: int, limit: int) -> tuple[int, int]:
    """(first real row, how many) of the page at `after`, with the ghosts taking up their places."""
    at, ghosts = desk.settings.phantom_hits_at, desk.settings.phantom_hits
    if ghosts <= 0:
        return after, limit

    def real(place: int) -> int:
        return place if place <= at else max(at, place - ghosts)

    return real(after), real(after + limit) - real(after)
