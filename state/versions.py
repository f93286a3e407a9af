"""Store new versions of facts, their bodies, and what is newest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, update

from partnersync.facts import Kind
from state.database import Database
from state.inserting import Stored, insert_rows
from state.judging import UNSEEN, Change
from state.lists import among, chunks
from state.places import place_ids
from state.schema import body, fact, version
from state.types import microseconds


def store(
    database: Database,
    connection: Connection,
    changes: Sequence[Change],
    kind: Kind,
    seen_at: datetime,
    fields: str,
) -> list[int]:
    """Write what was judged; gives the id of each changed fact."""
    if not changes:
        return []
    places = place_ids(database, connection, {(c.ref.crm, c.ref.org, c.ref.object) for c in changes}, make=True)
    new_ids = iter(database.take(connection, fact, sum(change.is_new for change in changes)))
    ids = [next(new_ids) if change.is_new else change.before.id for change in changes]
    version_ids = database.take(connection, version, len(changes))
    workspace, seen = database.workspace, microseconds(seen_at)
    bodies: list[tuple[Stored, ...]] = []
    versions: list[tuple[Stored, ...]] = []
    facts: list[tuple[Stored, ...]] = []
    updates: list[dict[str, Any]] = []
    for change, id_, version_id in zip(changes, ids, version_ids, strict=True):
        ref, record, payload, before = change.ref, change.record, change.payload, change.before
        stamp = microseconds(change.stamp)
        created = record.created_at if record is not None else None
        created_at = None if created is None else microseconds(created)
        author = record.author if record is not None else None
        if payload is not None:
            bodies.append((workspace, version_id, payload))
        body_id = version_id if payload is not None else before.body
        versions.append(
            (workspace, version_id, id_, change.hash, change.life, stamp, seen, created_at, author, body_id)
        )
        if before is UNSEEN:
            place = places[ref.crm, ref.org, ref.object]
            gone_at = None if change.gone_at is None else microseconds(change.gone_at)
            newest = (change.hash, change.life, stamp, gone_at, version_id)
            facts.append((workspace, id_, place, ref.id, kind, *newest, fields, None, None))
        else:
            updates.append(
                {
                    "f": id_,
                    "new_hash": change.hash,
                    "new_life": change.life,
                    "new_stamp": change.stamp,
                    "new_gone_at": change.gone_at,
                    "new_version": version_id,
                    "asked": fields if record is not None else before.fields,
                }
            )
    insert_rows(connection, fact, facts)
    insert_rows(connection, version, versions)
    insert_rows(connection, body, bodies)
    if updates:
        connection.execute(_UPDATE.where(fact.c.workspace == database.workspace), updates)
    return ids


def set_fields(database: Database, connection: Connection, ids: Iterable[int], fields: str) -> None:
    """Note under which mapping the keys of unchanged facts were computed."""
    for some in chunks(sorted(ids)):
        here = update(fact).where(fact.c.workspace == database.workspace, among(fact.c.id, some))
        connection.execute(here.values(fields=fields))


_UPDATE = (
    update(fact)
    .where(fact.c.id == bindparam("f"))
    .values(
        hash=bindparam("new_hash"),
        life=bindparam("new_life"),
        stamp=bindparam("new_stamp"),
        gone_at=bindparam("new_gone_at"),
        version=bindparam("new_version"),
        fields=bindparam("asked"),
    )
)
