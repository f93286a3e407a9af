"""Keep the keys under which facts are found: replaced when a fact changes, taken over when one is merged into another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from partnersync.facts import Kind, Reach
from partnersync.frozen import frozen
from partnersync.ids import Ref
from partnersync.records import Merged
from state.database import Database
from state.inserting import insert_rows
from state.lists import HERE, among, chunks
from state.places import places
from state.reaching import CARRIER, DEAL, IS, PLAIN, Row, name_of, rows, rows_of
from state.schema import fact, reach


@frozen()
class Reached:
    """A fact whose keys were computed; ``known``: it may have rows already."""

    id: int
    ref: Ref
    reach: Reach
    known: bool


def replace_keys(
    database: Database, connection: Connection, kind: Kind, reached: Sequence[Reached]
) -> Iterable[tuple[int, int, int, int, int]]:
    """Store the keys of these facts; gives the rows of ``reach`` that came or went."""
    workspace = database.workspace
    known = [each.id for each in reached if each.known]
    losers = _losers(database, connection, known) if known else {}
    after = [
        (workspace, key, role, way, each.id)
        for each in reached
        for key, role, way in rows(kind, each.ref, each.reach, losers.get(each.id, ()))
    ]
    if not known:
        _insert(connection, after)
        return after
    came = set(after)
    before = {(workspace, *row, id_) for id_, row in rows_of(connection, workspace, known)}
    _remove(database, connection, {(id_, (key, role, way)) for _, key, role, way, id_ in before - came})
    _insert(connection, came - before)
    return before ^ came


def take_over(
    database: Database, connection: Connection, kind: Kind, merged: Sequence[Merged], ids: Mapping[Ref, int]
) -> set[tuple[int, Row]]:
    """Let survivors answer to the names of those merged into them; gives the rows of all of them."""
    for each in merged:
        survivor, loser = ids[each.survivor], ids[each.loser]
        further = connection.execute(_fact(database, survivor, fact.c.survivor)).scalar_one()
        final = survivor if further in (None, loser) else further
        moved = update(fact).where(fact.c.workspace == database.workspace)
        connection.execute(moved.where((fact.c.id == loser) | (fact.c.survivor == loser)).values(survivor=final))
        connection.execute(moved.where(fact.c.id == final).values(survivor=None))
    involved = set(ids.values())
    before = set(rows_of(connection, database.workspace, involved))
    roles = {id_: row[1] for id_, row in before}
    names = {name_of(kind, each.loser): each for each in merged}
    gone = {(id_, row) for id_, row in before if row[2] == IS and row[0] in names and id_ == ids[names[row[0]].loser]}
    role = DEAL if kind == "opportunity" else max(roles.values(), default=CARRIER if kind == "account" else PLAIN)
    came: set[tuple[int, Row]] = set()
    for each in merged:
        survivor = ids[each.survivor]
        if role != PLAIN:
            came.add((survivor, (name_of(kind, each.loser), roles.get(survivor, role), IS)))
    _remove(database, connection, gone)
    _add(database, connection, came - before)
    return before | came


def _fact(database: Database, id_: int, column: Any) -> Any:
    return select(column).where(fact.c.workspace == database.workspace, fact.c.id == id_)


def _losers(database: Database, connection: Connection, ids: Iterable[int]) -> dict[int, list[Ref]]:
    names = None
    found: dict[int, list[Ref]] = {}
    for some in chunks(sorted(ids)):
        for survivor, place, external in connection.execute(MERGED, {"here": database.workspace, "some": some}):
            names = names or places(database, connection)
            found.setdefault(survivor, []).append(Ref(*names[place], external))
    return found


MERGED = select(fact.c.survivor, fact.c.place, fact.c.external).where(fact.c.workspace == HERE, among(fact.c.survivor))
"""Which records live on as some."""


def _add(database: Database, connection: Connection, new: Iterable[tuple[int, Row]]) -> None:
    _insert(connection, ((database.workspace, *row, id_) for id_, row in new))


def _insert(connection: Connection, new: Iterable[tuple[int, int, int, int, int]]) -> None:
    # In the order of the table, whose keys are hashes: else each row would touch another page of it.
    insert_rows(connection, reach, sorted(new, key=_KEY), leave=True)


_KEY = itemgetter(1)


def _remove(database: Database, connection: Connection, old: Iterable[tuple[int, Row]]) -> None:
    listed = [{"k": key, "r": role, "w": way, "f": id_} for id_, (key, role, way) in sorted(old)]
    if listed:
        connection.execute(
            delete(reach).where(
                reach.c.workspace == database.workspace,
                reach.c.key == bindparam("k"),
                reach.c.role == bindparam("r"),
                reach.c.way == bindparam("w"),
                reach.c.fact == bindparam("f"),
            ),
            listed,
        )
