"""Records that could not be read or used: kept with their payload and reason, blocking only themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, select, update

from partnersync.facts import Kind
from partnersync.ids import Ref
from partnersync.records import Unreadable
from state.bodies import packed
from state.database import Database
from state.lists import HERE
from state.marks import upsert
from state.places import place_ids, places
from state.schema import fact, quarantine


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One record set aside; ``readable``: its values arrived but cannot be mapped."""

    ref: Ref
    kind: str
    reason: str
    readable: bool


def put_unreadable(database: Database, connection: Connection, unreadable: Iterable[Unreadable], kind: Kind) -> None:
    """Keep what the connector could not read."""
    listed = {each.ref: each for each in unreadable}
    ids = place_ids(database, connection, {(r.crm, r.org, r.object) for r in listed}, make=True) if listed else {}
    rows = [
        {
            "workspace": database.workspace,
            "place": ids[ref.crm, ref.org, ref.object],
            "external": ref.id,
            "kind": kind,
            "reason": each.reason,
            "payload": packed(each.payload)[0],
            "at": each.at,
        }
        for ref, each in listed.items()
    ]
    if rows:
        connection.execute(upsert(database, quarantine), rows)


def take_out(database: Database, connection: Connection, refs: Iterable[Ref]) -> None:
    """What can be read now is no longer unreadable."""
    kept = {(row[0], row[1]) for row in connection.execute(_NAMED, {"here": database.workspace})}
    if not kept:
        return
    wanted = list(refs)
    ids = place_ids(database, connection, {(ref.crm, ref.org, ref.object) for ref in wanted}, make=False)
    read = {(ids[r.crm, r.org, r.object], r.id) for r in wanted if (r.crm, r.org, r.object) in ids}
    for place, external in sorted(kept & read):
        connection.execute(
            delete(quarantine).where(
                quarantine.c.workspace == database.workspace,
                quarantine.c.place == place,
                quarantine.c.external == external,
            )
        )


_NAMED = select(quarantine.c.place, quarantine.c.external).where(quarantine.c.workspace == HERE)


def set_reasons(database: Database, connection: Connection, reasons: Mapping[int, str | None]) -> None:
    """Fact id → why its values cannot be used (None: they can)."""
    rows = [{"f": id_, "why": why} for id_, why in sorted(reasons.items())]
    if rows:
        connection.execute(
            update(fact)
            .where(fact.c.workspace == database.workspace, fact.c.id == bindparam("f"))
            .values(quarantine=bindparam("why")),
            rows,
        )


def quarantined(database: Database) -> Iterator[Quarantined]:
    """Everything that is set aside now."""
    with database.reading() as connection:
        names = places(database, connection)
        unread = select(quarantine).where(quarantine.c.workspace == database.workspace)
        unread_rows = connection.execute(unread.order_by(quarantine.c.place, quarantine.c.external)).all()
        unusable = select(fact).where(fact.c.workspace == database.workspace, fact.c.quarantine.is_not(None))
        unusable_rows = connection.execute(unusable.order_by(fact.c.id)).all()
    for row in unread_rows:
        yield Quarantined(Ref(*names[row.place], row.external), row.kind, row.reason, readable=False)
    for row in unusable_rows:
        yield Quarantined(Ref(*names[row.place], row.external), row.kind, row.quarantine, readable=True)
