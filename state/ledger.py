"""The ledger: lines are appended and read, never changed; triggers in the database refuse anything else.

A line's identity is integers (pool, deal, strand, sequence), where a strand is (rule, role, component, generation). The
sequence of a key has no holes and no doubles: the next line of a key is one past the last, or the whole transaction fails.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, column, func, insert, select, values

from partnersync.errors import ConflictError
from partnersync.ids import Ref
from partnersync.lines import Line, Pool, TakenBack
from state.database import Database, Fence
from state.lists import among, chunks
from state.marks import mark
from state.places import fact_ids, refs_of
from state.pools import (
    Posted,
    key_of,
    pool_ids,
    pool_of,
    pools_by_id,
    posted_sums,
    settled,
    strand_ids,
    strand_of,
    strands_by_id,
)
from state.reversals import take_back
from state.schema import dirty_record, line, pool

_Identity = tuple[int, int, int]


class Ledger:
    """The lines of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._workspace = database.workspace

    def append(
        self,
        fence: Fence,
        lines: Sequence[Line],
        config: str,
        pools: Collection[Pool] = (),
        run: int | None = None,
        taken: Sequence[TakenBack] = (),
    ) -> int:
        """Append lines computed under the config snapshot ``config`` and take the marks of the settled ``pools`` away.

        ``taken`` is what a person takes back, with the lines that reverse it.

        Raises:
            ConflictError: a line does not continue its key's sequence: it was computed from another ledger than this.
        """
        with self._database.writing(fence) as open_:
            ids = pool_ids(self._database, open_, {pool_of(each.key) for each in lines} | set(pools))
            strands = strand_ids(self._database, open_, {strand_of(each.key) for each in lines})
            deals = fact_ids(self._database, open_, {each.key.opportunity for each in lines}, make="opportunity")
            rows = [
                {
                    "workspace": self._workspace,
                    "pool": ids[pool_of(each.key)],
                    "opportunity": deals[each.key.opportunity],
                    "strand": strands[strand_of(each.key)],
                    "sequence": each.sequence,
                    "kind": each.kind,
                    "minor": each.minor,
                    "posted_period": each.posted_period,
                    "caused_by": each.caused_by,
                    "actor": each.actor,
                    "stamp": each.stamp,
                    "config": config,
                    "run": run,
                    "explanation": dict(each.explanation),
                }
                for each in lines
            ]
            self._refuse_gaps(open_, rows)
            if rows:
                open_.execute(insert(line), rows)
                mark(self._database, open_, dirty_record, deals.values(), self._database.clock.now())
            settled(self._database, open_, [ids[each] for each in pools])
            take_back(self._database, open_, taken)
        return len(rows)

    def lines(
        self,
        *,
        partner: str | None = None,
        opportunity: Ref | None = None,
        period: str | None = None,
        posted_period: str | None = None,
        run: int | None = None,
    ) -> Iterator[Line]:
        """The lines that match, by pool, deal, key and sequence."""
        query = (
            select(line)
            .join(pool, (pool.c.workspace == line.c.workspace) & (pool.c.id == line.c.pool))
            .where(line.c.workspace == self._workspace)
        )
        for name, value in ((pool.c.partner, partner), (pool.c.period, period), (line.c.run, run)):
            query = query if value is None else query.where(name == value)
        if posted_period is not None:
            query = query.where(line.c.posted_period == posted_period)
        with self._database.reading() as open_:
            if opportunity is not None:
                known = fact_ids(self._database, open_, [opportunity])
                query = query.where(line.c.opportunity == known.get(opportunity, 0))
            yield from self._told(open_, query.order_by(*line.primary_key))

    def partners(self) -> frozenset[str]:
        """Everyone that a line was ever posted for, on the roster or not."""
        query = select(pool.c.partner).join(line, (pool.c.workspace == line.c.workspace) & (pool.c.id == line.c.pool))
        with self._database.reading() as open_:
            here = query.where(line.c.workspace == self._workspace).distinct()
            return frozenset(open_.execute(here).scalars())

    def totals(self, opportunities: Collection[Ref] | None = None) -> Iterator[Posted]:
        """What is posted per key, of these deals or of all."""
        with self._database.reading() as open_:
            if opportunities is None:
                ready = posted_sums(self._database, open_)
            else:
                deals = sorted(fact_ids(self._database, open_, opportunities).values())
                ready = [
                    each
                    for some in chunks(deals)
                    for each in posted_sums(self._database, open_, among(line.c.opportunity, some))
                ]
        yield from (posted for _, posted in ready)

    def _told(self, open_: Connection, query: Select[Any]) -> list[Line]:
        rows = open_.execute(query).all()
        pools = pools_by_id(self._database, open_, {row.pool for row in rows})
        deals = refs_of(self._database, open_, {row.opportunity for row in rows})
        strands = strands_by_id(self._database, open_)
        return [
            Line(
                key_of(pools[row.pool], deals[row.opportunity], strands[row.strand]),
                row.kind,
                row.minor,
                row.sequence,
                row.posted_period,
                row.caused_by,
                row.actor,
                row.stamp,
                row.explanation,
            )
            for row in rows
        ]

    def _refuse_gaps(self, open_: Connection, rows: Sequence[dict[str, Any]]) -> None:
        last: dict[_Identity, int] = {}
        for some in chunks(sorted({_identity(row) for row in rows}), 1000):
            # A join, and no row values IN a list: for that SQLite reads the whole ledger.
            names = (column(name, BigInteger) for name in ("pool", "opportunity", "strand"))
            asked = values(*names, name="asked").data(list(some)).cte("asked")
            query = (
                select(line.c.pool, line.c.opportunity, line.c.strand, func.max(line.c.sequence))
                .select_from(asked)
                .join(
                    line,
                    (line.c.workspace == self._workspace)
                    & (line.c.pool == asked.c.pool)
                    & (line.c.opportunity == asked.c.opportunity)
                    & (line.c.strand == asked.c.strand),
                )
                .group_by(line.c.pool, line.c.opportunity, line.c.strand)
            )
            last.update(((row[0], row[1], row[2]), row[3]) for row in open_.execute(query))
        for row in rows:
            identity = _identity(row)
            if row["sequence"] != last.get(identity, 0) + 1:
                raise ConflictError(
                    f"line {row['sequence']} of a key follows line {last.get(identity, 0)}: settle it anew from this ledger"
                )
            last[identity] = row["sequence"]


def _identity(row: dict[str, Any]) -> _Identity:
    return row["pool"], row["opportunity"], row["strand"]
