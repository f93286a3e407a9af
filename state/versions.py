"""Store new versions of facts, their bodies, and what is newest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, update

from partnersync.facts import Kind
from partnersync.ids import Ref
from state.database import Database
from state.inserting import Stored, insert_rows
from state.judging import Change, Held
from state.places import place_ids
from state.reaching import chunks
from state.schema import body, fact, version
from state.types import microseconds


def store(
    database: Database,
    connection: Connection,
    changes: Sequence[Change],
    held: Mapping[Ref, Held],
    kind: Kind,
    seen_at: datetime,
    fields: str,
) -> dict[Ref, int]:
    """Write what was judged; gives the ids of all changed facts."""
    if not changes:
        return {}
    places = place_ids(database, connection, {(c.ref.crm, c.ref.org, c.ref.object) for c in changes}, make=True)
    new = [change for change in changes if change.ref not in held]
    ids = dict(zip((change.ref for change in new), database.take(connection, fact, len(new)), strict=True))
    ids |= {change.ref: held[change.ref].id for change in changes if change.ref in held}
    version_ids = database.take(connection, version, len(changes))
    workspace, seen = database.workspace, microseconds(seen_at)
    bodies: list[tuple[Stored, ...]] = []
    versions: list[tuple[Stored, ...]] = []
    facts: list[tuple[Stored, ...]] = []
    updates: list[dict[str, Any]] = []
    for change, version_id in zip(changes, version_ids, strict=True):
        ref, record, stamp = change.ref, change.record, microseconds(change.stamp)
        known, id_ = held.get(ref), ids[ref]
        created = record.created_at if record is not None else None
        created_at = None if created is None else microseconds(created)
        author = record.author if record is not None else None
        if change.payload is not None:
            bodies.append((workspace, version_id, change.payload))
        body_id = version_id if change.payload is not None else known.body if known else None
        seen_so = (workspace, version_id, id_, change.hash, change.life, stamp, seen, created_at, author, body_id)
        versions.append(seen_so)
        if known is None:
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
                    "asked": fields if record is not None else known.fields,
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
        here = update(fact).where(fact.c.workspace == database.workspace, fact.c.id.in_(some))
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
