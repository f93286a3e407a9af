"""Store new versions of facts, their bodies, and what is newest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, update

from partnersync.facts import Kind
from partnersync.ids import Ref
from state.database import Database
from state.judging import Change, Held
from state.places import place_ids
from state.reaching import chunks
from state.schema import body, fact, version


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
    bodies, versions, facts, updates = [], [], [], []
    for change, version_id in zip(changes, version_ids, strict=True):
        ref, record = change.ref, change.record
        known = held.get(ref)
        if change.payload is not None:
            bodies.append({"workspace": database.workspace, "id": version_id, "payload": change.payload})
        versions.append(
            {
                "workspace": database.workspace,
                "id": version_id,
                "fact": ids[ref],
                "hash": change.hash,
                "life": change.life,
                "stamp": change.stamp,
                "seen_at": seen_at,
                "created_at": record.created_at if record else None,
                "author": record.author if record else None,
                "body": version_id if change.payload is not None else known.body if known else None,
            }
        )
        newest: dict[str, Any] = {
            "hash": change.hash,
            "life": change.life,
            "stamp": change.stamp,
            "gone_at": change.gone_at,
            "version": version_id,
        }
        if known is None:
            place = places[ref.crm, ref.org, ref.object]
            named = {"workspace": database.workspace, "id": ids[ref], "place": place, "external": ref.id, "kind": kind}
            facts.append({**named, **newest, "fields": fields})
        else:
            asked = fields if record is not None else known.fields
            updates.append({"f": ids[ref], **{f"new_{name}": value for name, value in newest.items()}, "asked": asked})
    if facts:
        connection.execute(insert(fact), facts)
    connection.execute(insert(version), versions)
    if bodies:
        connection.execute(insert(body), bodies)
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
