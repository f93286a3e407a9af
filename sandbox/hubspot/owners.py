"""Owner endpoints, and adding owners."""

# ruff: noqa: S608 (only names from our own tables and checked property names enter the SQL)

from __future__ import annotations

import sqlite3
from typing import Any

import orjson

from sandbox.hubspot import given as sent
from sandbox.hubspot import moments, refusals
from sandbox.hubspot.call import Call, ok
from sandbox.hubspot.tables import at_least, catalog_changed, take
from sandbox.wire import Reply

MOST = 500
_COLUMNS = "id, email, first_name, last_name, user_id, type, archived, created, updated, teams"


def list_page(call: Call) -> Reply:
    limit = call.limit(100, MOST)
    after = sent.identifier(call.request.param("after") or "0")
    if after is None:
        raise refusals.invalid("Invalid after", context={"after": [call.request.param("after")]})
    conditions, values = ["archived = ?", "id > ?"], [int(call.flag("archived")), after]
    email = call.request.param("email")
    with call.reading() as desk:
        rows = desk.db.execute(
            f"SELECT {_COLUMNS} FROM hs_owner WHERE {' AND '.join(conditions)}"
            " AND (? IS NULL OR lower(email) = lower(?)) ORDER BY id LIMIT ?",
            (*values, email, email, limit + 1),
        ).fetchall()
    body: dict[str, Any] = {"results": [shape(*row) for row in rows[:limit]]}
    if len(rows) > limit:
        last = str(rows[limit - 1][0])
        link = f"{call.request.base_url}{call.request.path}?limit={limit}&after={last}"
        body["paging"] = {"next": {"after": last, "link": link}}
    return ok(body)


def get(call: Call) -> Reply:
    """By owner id, or by user id with `idProperty=userId`."""
    wanted = call.params["id"]
    column = "user_id" if call.request.param("idProperty") == "userId" else "id"
    with call.reading() as desk:
        row = desk.db.execute(
            f"SELECT {_COLUMNS} FROM hs_owner WHERE {column} = ? AND archived = ?",
            (sent.identifier(wanted), int(call.flag("archived"))),
        ).fetchone()
    if row is None:
        raise refusals.record_missing(wanted)
    return ok(shape(*row))


def listed(db: sqlite3.Connection, archived: tuple[int, ...]) -> list[dict[str, Any]]:
    """Every owner who is active (0), inactive (1), or either, by id."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM hs_owner ORDER BY id").fetchall()
    return [found for row in rows if int((found := shape(*row))["archived"]) in archived]


def shape(
    id_: int,
    email: str,
    first_name: str,
    last_name: str,
    user_id: int,
    type_: str,
    archived: int,
    created: int,
    updated: int,
    teams: str | None,
) -> dict[str, Any]:
    """An owner as the API shows it; `userId` is null once the user is gone."""
    found: dict[str, Any] = {
        "id": str(id_),
        "email": email,
        "type": type_,
        "firstName": first_name,
        "lastName": last_name,
        "userId": None if archived else user_id,
        "userIdIncludingInactive": user_id,
        "createdAt": moments.iso(created),
        "updatedAt": moments.iso(updated),
        "archived": bool(archived),
    }
    if teams:
        found["teams"] = orjson.loads(teams)
    return found


def add(db: sqlite3.Connection, now: int, given: dict[str, Any]) -> str:
    """Add an owner: email, firstName, lastName; id, userId, type, archived, teams if wanted."""
    id_ = int(given["id"]) if given.get("id") else take(db, "id")
    at_least(db, "id", id_ + 1)
    teams = given.get("teams")
    db.execute(
        "INSERT OR REPLACE INTO hs_owner VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            id_,
            str(given.get("email", "")),
            str(given.get("firstName", "")),
            str(given.get("lastName", "")),
            int(given.get("userId") or id_ % 100_000_000),
            str(given.get("type") or "PERSON"),
            int(bool(given.get("archived"))),
            moments.given(given.get("createdAt"), now),
            moments.given(given.get("updatedAt"), now),
            orjson.dumps(teams).decode() if teams else None,
        ),
    )
    catalog_changed(db)
    return str(id_)


def named(db: sqlite3.Connection, person: str) -> tuple[int, int] | None:
    """(owner id, user id) of a person by full name or e-mail."""
    row = db.execute(
        "SELECT id, user_id FROM hs_owner WHERE lower(trim(first_name || ' ' || last_name)) = lower(?)"
        " OR lower(email) = lower(?) ORDER BY archived, id LIMIT 1",
        (person, person),
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else None
