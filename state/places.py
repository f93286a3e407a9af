"""Integers for what has a name outside: a place is (crm, org, object), a fact is a record there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, bindparam, insert, select

from partnersync.ids import Ref
from state.database import Database
from state.lists import HERE, among, chunks
from state.schema import fact, place

Place = tuple[str, str, str]


def place_ids(database: Database, connection: Connection, wanted: Iterable[Place], make: bool) -> dict[Place, int]:
    """The ids of these places; unknown ones are made or left out."""
    known = {each: id_ for id_, each in places(database, connection).items()}
    found = {each: known[each] for each in set(wanted) if each in known}
    missing = sorted(set(wanted) - known.keys()) if make else []
    if missing:
        found |= dict(zip(missing, database.take(connection, place, len(missing)), strict=True))
        rows = [
            {"workspace": database.workspace, "id": found[each], "crm": each[0], "org": each[1], "object": each[2]}
            for each in missing
        ]
        connection.execute(insert(place), rows)
    return found


def places(database: Database, connection: Connection) -> Mapping[int, Place]:
    """Every place by its id."""
    rows = connection.execute(_PLACES, {"here": database.workspace})
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def fact_ids(
    database: Database, connection: Connection, refs: Iterable[Ref], make: str | None = None
) -> dict[Ref, int]:
    """The facts' ids by ref; unknown ones are left out, or made as bare names of kind ``make``."""
    wanted = set(refs)
    ids = place_ids(database, connection, {(ref.crm, ref.org, ref.object) for ref in wanted}, make is not None)
    found: dict[Ref, int] = {}
    for (crm, org, object_), place_id in ids.items():
        externals = sorted(ref.id for ref in wanted if (ref.crm, ref.org, ref.object) == (crm, org, object_))
        for some in chunks(externals):
            rows = connection.execute(_IDS, {"here": database.workspace, "place_id": place_id, "some": some})
            found.update((Ref(crm, org, object_, row[0]), row[1]) for row in rows)
    missing = sorted(wanted - found.keys()) if make is not None else []
    if missing:
        made = dict(zip(missing, database.take(connection, fact, len(missing)), strict=True))
        new = [
            {
                "workspace": database.workspace,
                "id": id_,
                "place": ids[ref.crm, ref.org, ref.object],
                "external": ref.id,
                "kind": make,
                "life": "unseen",
            }
            for ref, id_ in made.items()
        ]
        connection.execute(insert(fact), new)
        found |= made
    return found


def refs_of(database: Database, connection: Connection, ids: Iterable[int]) -> dict[int, Ref]:
    """The refs by the facts' ids."""
    return told_of(database, connection, ids)[0]


def told_of(database: Database, connection: Connection, ids: Iterable[int]) -> tuple[dict[int, Ref], dict[int, str]]:
    """The refs and the kinds by the facts' ids."""
    names = places(database, connection)
    refs: dict[int, Ref] = {}
    kinds: dict[int, str] = {}
    for some in chunks(sorted(set(ids))):
        for id_, place_id, external, kind in connection.execute(_TOLD, {"here": database.workspace, "some": some}):
            refs[id_] = Ref(*names[place_id], external)
            kinds[id_] = kind
    return refs, kinds


_PLACES = select(place.c.id, place.c.crm, place.c.org, place.c.object).where(place.c.workspace == HERE)
_IDS = select(fact.c.external, fact.c.id).where(
    fact.c.workspace == HERE, fact.c.place == bindparam("place_id"), among(fact.c.external)
)
# The external id is asked for with the rest, or SQLite reads the whole of an index that holds kinds and ids.
_TOLD = select(fact.c.id, fact.c.place, fact.c.external, fact.c.kind).where(fact.c.workspace == HERE, among(fact.c.id))
