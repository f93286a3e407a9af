"""Pools as settlement wants them: what is to be computed together, its entries in order, and what is posted already."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, func, insert, select, union
from sqlalchemy.sql.elements import ColumnElement

from partnersync.ids import Ref
from partnersync.lines import Entry, Key, Pool, Rate, TakenBack
from state.database import Database
from state.lists import HERE, among, chunks
from state.marks import unmark
from state.places import fact_ids, refs_of
from state.schema import dirty_pool, entry, line, pool, strand, taken_back


@dataclass(frozen=True, slots=True)
class Posted:
    """The lines of one key summed up; the next line's sequence is ``count + 1``."""

    key: Key
    minor: int
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class PooledDeals:
    """One pool: its entries by effective day, creation and source key (blocked ones last), and what is posted.

    ``changed`` are the deals whose entries here came, changed or went since the pool was last settled; ``taken_back`` is what
    people took back of its keys, also where it ended.
    """

    pool: Pool
    entries: tuple[Entry, ...]
    posted: tuple[Posted, ...]
    changed: frozenset[Ref] = frozenset()
    taken_back: tuple[TakenBack, ...] = ()


class Pools:
    """The pools of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stream(self, wanted: Literal["dirty", "all"], as_of: datetime, chunk: int = 200) -> Iterator[PooledDeals]:
        """Pools marked dirty or with an entry past its ``good_until``, or all, in the order of their first entry."""
        here = {"here": self._database.workspace}
        with self._database.reading() as connection:
            if wanted == "all":
                ids = list(connection.execute(_ALL, here).scalars())
            else:
                ids = list(connection.execute(_DIRTY, {**here, "as_of": as_of}).scalars())
        for some in chunks(sorted(ids), chunk):
            with self._database.reading() as connection:
                ready = self._pooled(connection, some)
            yield from ready

    def of(self, opportunity: Ref) -> list[PooledDeals]:
        """Every pool that a deal has an entry or a line in."""
        with self._database.reading() as connection:
            deal = fact_ids(self._database, connection, [opportunity]).get(opportunity, 0)
            entered = select(entry.c.pool).where(entry.c.workspace == self._database.workspace)
            posted = select(line.c.pool).where(line.c.workspace == self._database.workspace)
            both = entered.where(entry.c.opportunity == deal).union(posted.where(line.c.opportunity == deal))
            return self._pooled(connection, sorted(connection.execute(both).scalars()))

    def named(self, wanted: Collection[Pool]) -> list[PooledDeals]:
        """These pools, as far as they are known."""
        with self._database.reading() as connection:
            return self._pooled(connection, known_pools(self._database, connection, wanted).values())

    def _pooled(self, connection: Connection, ids: Iterable[int]) -> list[PooledDeals]:
        pools = pools_by_id(self._database, connection, ids)
        if not pools:
            return []
        asked = {"here": self._database.workspace, "some": sorted(pools)}
        marked = {row[0]: row[1] for row in connection.execute(_SINCE, asked)}
        entries, changed = self._entries(connection, pools, marked)
        posted: dict[int, list[Posted]] = {}
        for id_, each in posted_sums(self._database, connection, among(line.c.pool, sorted(pools))):
            posted.setdefault(id_, []).append(each)
        back: dict[int, list[TakenBack]] = {}
        for id_, held in taken_of(self._database, connection, among(taken_back.c.pool, sorted(pools))):
            back.setdefault(id_, []).append(held)
        ready = []
        for id_ in sorted(pools):
            here, sums = entries.get(id_, []), posted.get(id_, [])
            present = {each.opportunity for each in here}
            gone = {each.key.opportunity for each in sums if each.minor and each.key.opportunity not in present}
            moved = frozenset(changed.get(id_, set()) | gone)
            ordered = tuple(sorted(here, key=_order))
            ready.append(PooledDeals(pools[id_], ordered, tuple(sums), moved, tuple(back.get(id_, ()))))
        return ready

    def _entries(
        self, connection: Connection, pools: dict[int, Pool], marked: dict[int, datetime]
    ) -> tuple[dict[int, list[Entry]], dict[int, set[Ref]]]:
        rows = connection.execute(_ENTRIES, {"here": self._database.workspace, "some": sorted(pools)}).all()
        refs = refs_of(self._database, connection, {row.opportunity for row in rows})
        found: dict[int, list[Entry]] = {}
        changed: dict[int, set[Ref]] = {}
        for row in rows:
            found.setdefault(row.pool, []).append(_entry(row, pools[row.pool], refs[row.opportunity]))
            if row.pool in marked and row.entered_at >= marked[row.pool]:
                changed.setdefault(row.pool, set()).add(refs[row.opportunity])
        return found, changed


_ALL = select(pool.c.id).where(pool.c.workspace == HERE)
_DIRTY = union(
    select(dirty_pool.c.pool).where(dirty_pool.c.workspace == HERE),
    select(entry.c.pool).where(entry.c.workspace == HERE, entry.c.good_until <= bindparam("as_of")),
)
_SINCE = select(dirty_pool.c.pool, dirty_pool.c.since).where(dirty_pool.c.workspace == HERE, among(dirty_pool.c.pool))
_ENTRIES = select(entry).where(entry.c.workspace == HERE, among(entry.c.pool))
_BY_ID = select(
    pool.c.id, pool.c.program, pool.c.plan, pool.c.partner, pool.c.measure, pool.c.period, pool.c.currency
).where(pool.c.workspace == HERE, among(pool.c.id))
_OF_PARTNERS = select(pool).where(pool.c.workspace == HERE, among(pool.c.partner))
_STRANDS = select(strand).where(strand.c.workspace == HERE)

MEASURE = "revenue"
Strand = tuple[str, str, str, int]
"""(rule, role, component, generation)"""


def pool_of(key: Key) -> Pool:
    """The pool that a key belongs to."""
    return Pool(key.program, key.plan, key.partner, MEASURE, key.period, key.currency)


def strand_of(key: Key) -> Strand:
    """What tells a key apart from others of its deal in its pool."""
    return key.rule, key.role, key.component, key.generation


def key_of(pool_: Pool, opportunity: Ref, strand_: Strand) -> Key:
    """A line's key from its integer identity's parts."""
    rule, role, component, generation = strand_
    return Key(
        pool_.program,
        pool_.partner,
        pool_.plan,
        rule,
        role,
        opportunity,
        generation,
        pool_.period,
        pool_.currency,
        component,  # type: ignore[arg-type]
    )


def posted_sums(database: Database, connection: Connection, *where: ColumnElement[bool]) -> list[tuple[int, Posted]]:
    """(pool id, what is posted) per key, of the lines that match."""
    columns = (line.c.pool, line.c.opportunity, line.c.strand)
    query = (
        select(*columns, func.sum(line.c.minor), func.max(line.c.sequence), func.max(line.c.stamp))
        .where(line.c.workspace == database.workspace, *where)
        .group_by(*columns)
        .order_by(*columns)
    )
    rows = connection.execute(query).all()
    pools = pools_by_id(database, connection, {row[0] for row in rows})
    deals = refs_of(database, connection, {row[1] for row in rows})
    strands = strands_by_id(database, connection)
    return [
        (a, Posted(key_of(pools[a], deals[b], strands[c]), int(minor), count, last))
        for a, b, c, minor, count, last in rows
    ]


def pools_by_id(database: Database, connection: Connection, ids: Iterable[int]) -> dict[int, Pool]:
    """The pools of these ids."""
    found: dict[int, Pool] = {}
    for some in chunks(sorted(set(ids))):
        rows = connection.execute(_BY_ID, {"here": database.workspace, "some": some})
        found.update((row[0], Pool(*row[1:])) for row in rows)
    return found


def known_pools(database: Database, connection: Connection, wanted: Iterable[Pool]) -> dict[Pool, int]:
    """The ids of those of these pools that are known."""
    wanted = set(wanted)
    found: dict[Pool, int] = {}
    for some in chunks(sorted({each.partner for each in wanted})):
        for row in connection.execute(_OF_PARTNERS, {"here": database.workspace, "some": some}):
            known = Pool(row.program, row.plan, row.partner, row.measure, row.period, row.currency)
            if known in wanted:
                found[known] = row.id
    return found


def pool_ids(database: Database, connection: Connection, wanted: Iterable[Pool]) -> dict[Pool, int]:
    """The ids of these pools; new ones are made."""
    wanted = set(wanted)
    found = known_pools(database, connection, wanted)
    missing = sorted(wanted - found.keys())
    if missing:
        made = dict(zip(missing, database.take(connection, pool, len(missing)), strict=True))
        connection.execute(
            insert(pool), [{"workspace": database.workspace, "id": id_, **asdict(each)} for each, id_ in made.items()]
        )
        found |= made
    return found


def taken_of(database: Database, connection: Connection, *where: ColumnElement[bool]) -> list[tuple[int, TakenBack]]:
    """(pool id, what was taken back) of the rows that match."""
    rows = connection.execute(select(taken_back).where(taken_back.c.workspace == database.workspace, *where)).all()
    if not rows:
        return []
    pools = pools_by_id(database, connection, {row.pool for row in rows})
    deals = refs_of(database, connection, {row.opportunity for row in rows})
    strands = strands_by_id(database, connection)
    found = []
    for row in rows:
        key = key_of(pools[row.pool], deals[row.opportunity], strands[row.strand])
        held = TakenBack(key, row.owed, row.minor, row.run, row.actor, row.ended_at is not None)
        found.append((row.pool, held))
    return sorted(found, key=lambda each: (each[0], each[1].key))


def strands_by_id(database: Database, connection: Connection) -> dict[int, Strand]:
    """Every strand; there are few."""
    rows = connection.execute(_STRANDS, {"here": database.workspace})
    return {row.id: (row.rule, row.role, row.component, row.generation) for row in rows}


def strand_ids(database: Database, connection: Connection, wanted: Iterable[Strand]) -> dict[Strand, int]:
    """The ids of these strands; new ones are made."""
    found = {each: id_ for id_, each in strands_by_id(database, connection).items()}
    missing = sorted(set(wanted) - found.keys())
    if missing:
        made = dict(zip(missing, database.take(connection, strand, len(missing)), strict=True))
        names = ("rule", "role", "component", "generation")
        rows = [
            {"workspace": database.workspace, "id": id_, **dict(zip(names, each, strict=True))}
            for each, id_ in made.items()
        ]
        connection.execute(insert(strand), rows)
        found |= made
    return found


def settled(database: Database, connection: Connection, ids: Iterable[int]) -> None:
    """Take the marks of these pools away."""
    unmark(database, connection, dirty_pool, ids)


def _order(each: Entry) -> tuple[bool, date, datetime, str, int, str, str]:
    blocked = each.effective_on is None
    return (
        blocked,
        each.effective_on or date.min,
        each.created_at,
        each.source_key,
        each.generation,
        each.rule,
        each.role,
    )


def _entry(row: Any, pool_: Pool, opportunity: Ref) -> Entry:
    return Entry(
        pool_,
        opportunity,
        row.generation,
        row.version,
        row.rule,
        row.role,
        row.effective_on,
        row.created_at,
        row.source_key,
        row.basis,
        row.share,
        _rate(row.rate),
        row.blocked,
        tuple(row.facts),
        row.context,
        row.good_until,
        row.cites,
    )


def _rate(told: Any) -> Rate | None:
    if told is None:
        return None
    base, quote, on, value, path = told
    return Rate(base, quote, date.fromisoformat(on), Fraction(value), path)
